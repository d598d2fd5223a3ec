/* say: lines that stay whole, whoever else writes to the same standard output. */
#ifndef SAY_H
#define SAY_H

#ifdef __GNUC__
#define SAY_FORMAT(text, first) __attribute__((format(printf, text, first)))
#else
#define SAY_FORMAT(text, first)
#endif

/* Prints a line as printf would, and the newline, in one write: processes that say something at
 * the same moment never share a line (through a pipe: up to PIPE_BUF, 4096 bytes on Linux). What
 * printf has buffered goes out first, as fflush does it: interrupted by a signal, that is an error.
 * On a terminal a process has one of six colours, by its pid, unless NO_COLOR is set to something,
 * or TERM is not set or "dumb".
 * Returns 0, or -1 and errno (ENOSPC, EPIPE ...). The first failure is also remembered for
 * say_end, so a program that checks its output there need not check every line. Threads may say
 * something at the same time, too. */
int say(const char *format, ...) SAY_FORMAT(1, 2);

/* Forgets what failed: a new process answers for its own lines only. */
void say_start(void);

/* Flushes standard output, and checks all that has been written to it.
 * Returns 0, or -1 and the errno of the first line or flush that failed. */
int say_end(void);

#endif
