/* html: as much of HTML and XML as fetch_urls needs: the URLs in a list or a sitemap, the title of
 * a page, and what may be shown of it on a terminal. It is no parser: the first <title> counts,
 * also in a comment or in a script, and a '>' in one of its attributes ends the tag. Of the
 * entities it knows those of XML, &nbsp; and numbers. A page is taken to be UTF-8. */
#ifndef HTML_H
#define HTML_H

#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- elements ---- */

/* The next "<NAME" (or "</NAME" with "/NAME") from `from` on, in whichever case; NULL: there is
 * none. At `end` is a '\0', which no name goes beyond. */
static char *tag_find(char *from, const char *end, const char *name)
{
    size_t length = strlen(name);

    for (; (from = memchr(from, '<', (size_t)(end - from))) != NULL; from++)
        if (strncasecmp(from + 1, name, length) == 0 &&
            strchr(" \t\r\n\f/>", from[1 + length]) != NULL) /* <titlepage> is another one */
            return from;
    return NULL;
}

/* What is between <NAME ...> and </NAME>; *size is its size in bytes. NULL: there is no such
 * element. */
static char *element_find(char *from, const char *end, const char *name, size_t *size)
{
    char closing[16];
    char *start = tag_find(from, end, name), *stop = NULL;

    snprintf(closing, sizeof closing, "/%s", name);
    if (start != NULL && (start = memchr(start, '>', (size_t)(end - start))) != NULL)
        stop = tag_find(++start, end, closing);
    if (stop == NULL)
        return NULL;
    *size = (size_t)(stop - start);
    return start;
}

/* ---- characters ---- */

/* Decodes the first character of the text. Returns its bytes; or 0: that is no UTF-8. */
static size_t utf8_decode(const char *text, size_t size, long *code)
{
    static const long least[] = {0, 0, 0x80, 0x800, 0x10000}; /* that needs so many bytes */
    unsigned char first = (unsigned char)*text;
    size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if ((first >= 0x80 && first < 0xc0) || first > 0xf4 || length > size)
        return 0;
    *code = length == 1 ? first : first & (0x7f >> length);
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (text[i] & 0x3f);
    }
    if (*code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        return 0;
    return length;
}

/* The other way round: writes the character, and returns its bytes. */
static size_t utf8_encode(long code, char *to)
{
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    *to = (char)(length == 1 ? code : (0xf00 >> length & 0xff) | code);
    return length;
}

/* Decodes the entity at the beginning of the text, which begins with a '&'. Returns its bytes; or
 * 0: it is none that we know, and stands for itself. */
static size_t entity_decode(const char *text, long *code)
{
    static const struct {
        const char *text;
        long code;
    } entities[] = {{"&amp;", '&'},  {"&lt;", '<'},    {"&gt;", '>'},
                    {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", 0xa0}};

    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (strncmp(text, entities[i].text, strlen(entities[i].text)) == 0) {
            *code = entities[i].code;
            return strlen(entities[i].text);
        }
    if (text[1] != '#')
        return 0;
    bool hex = text[2] == 'x' || text[2] == 'X';
    const char *digits = text + (hex ? 3 : 2);
    const char *end = digits + strspn(digits, hex ? "0123456789ABCDEFabcdef" : "0123456789");
    if (*end != ';')
        return 0; /* strtol would also take a sign, a blank or another 0x */
    *code = strtol(digits, NULL, hex ? 16 : 10); /* 0 if there is no digit */
    if (*code <= 0 || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        return 0;
    return (size_t)(end + 1 - text);
}

/* Decodes the entities of the text, in its place: what an entity stands for is never longer than
 * the entity. Returns the new size. */
static size_t entities_decode(char *text, size_t size)
{
    char *to = text;
    long code;

    for (const char *from = text, *end = text + size; from < end;) {
        size_t length = *from == '&' ? entity_decode(from, &code) : 0;
        if (length > 0)
            to += utf8_encode(code, to);
        else
            *to++ = *from;
        from += length > 0 ? length : 1;
    }
    return (size_t)(to - text);
}

/* ---- lines ---- */

/* Makes one line of the text, of at most `room` - 1 bytes: a run of white space becomes a blank,
 * none at the ends; control characters, with which a page could do to your terminal as it likes,
 * and bytes that are no UTF-8, become "\xNN". What is too long is cut after a whole character, and
 * ends with "...". */
static void line_make(char *to, size_t room, const char *text, size_t size)
{
    const char *end = text + size;
    size_t used = 0, most = room - sizeof "...";
    bool blank = false;

    while (text < end) {
        char piece[8];
        long code = 0;
        size_t length = utf8_decode(text, (size_t)(end - text), &code);
        if (length == 1 && strchr(" \t\r\n\f", (int)code) != NULL && code != 0) {
            blank = used > 0;
            text++;
            continue;
        }
        if (length == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
            /* U+0080 to U+009F, two bytes each, are control characters as well. */
            snprintf(piece, sizeof piece, "\\x%02X",
                     length == 0 ? (unsigned char)*text : (unsigned)code);
            text += length == 0 ? 1 : length;
        } else {
            snprintf(piece, sizeof piece, "%.*s", (int)length, text);
            text += length;
        }
        if (used + blank + strlen(piece) > most) {
            snprintf(to + used, room - used, "...");
            return;
        }
        used += (size_t)snprintf(to + used, room - used, "%s%s", blank ? " " : "", piece);
        blank = false;
    }
    to[used] = '\0';
}

/* ---- a list of URLs ---- */

/* Reads all of the file ("-": standard input). *size are its bytes, behind which is a '\0'. */
static char *text_read(const char *name, size_t *size)
{
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
    char *text = NULL;
    size_t room = 0;

    if (file == NULL)
        die("open '%s'", name);
    ssize_t length = getdelim(&text, &room, '\0', file); /* no text has a '\0' in it */
    if (length == -1 && !feof(file))
        die("read '%s'", name);
    if (length > 0 && text[length - 1] == '\0') {
        errno = EILSEQ;
        die("'%s' is no text", name);
    }
    if (file != stdin)
        fclose(file);
    if (length == -1) { /* an empty file */
        free(text);
        text = calloc(1, 1);
        length = 0;
    }
    if (text == NULL)
        die("read '%s'", name);
    *size = (size_t)length;
    return text;
}

/* Takes the white space from both ends of a text, and puts a '\0' behind what is left. */
static char *trim(char *text, size_t size)
{
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        size--;
    text[size] = '\0';
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* Finds the URLs: in <loc> elements, if there is one; else one on each line. `urls` gets pointers
 * into the text, size / 2 + 1 at most: a URL has a byte, and one that ends it. Returns how many. */
static size_t urls_find(char *text, size_t size, char **urls)
{
    const char *end = text + size;
    size_t count = 0;
    char *rest;

    if (tag_find(text, end, "loc") != NULL) {
        while ((text = element_find(text, end, "loc", &size)) != NULL) {
            urls[count++] = trim(text, entities_decode(text, size));
            text += size;
        }
        return count;
    }
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        line = trim(line, strlen(line));
        if (*line != '\0' && *line != '#')
            urls[count++] = line;
    }
    return count;
}

#endif
