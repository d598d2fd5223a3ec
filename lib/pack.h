/* pack: values to bytes and back (marshalling), in XDR (RFC 4506): the same bytes on every machine,
 * which other XDR readers can decode. The bytes do not say what they mean: whoever unpacks them
 * must ask for the same types in the same order.
 *
 *     struct pack out;                             struct unpack in;
 *     pack_start(&out, buffer, sizeof buffer);     unpack_start(&in, buffer, (size_t)size);
 *     pack_string(&out, "pi");                     unpack_string(&in, name, sizeof name);
 *     pack_double(&out, 3.14159);                  value = unpack_double(&in);
 *     ssize_t size = pack_end(&out);               if (unpack_end(&in) == -1) ...
 *     if (size == -1) ...
 *
 * Errors stick, as stdio's do: after the first one nothing more is written, and all that is read is
 * zero or empty, so a whole record needs one check, at its end. Until then trust no value.
 * Nothing is allocated. All sizes are in bytes. */
#ifndef PACK_H
#define PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What is inside is for the functions below alone. The bytes stay the caller's, and must stay where
 * they are until the end; what is copied into or out of them must not overlap them. There is
 * nothing to close. */
struct pack {
    unsigned char *next; /* where the next value goes */
    size_t left, size;   /* behind `next`, and in all */
    int error;           /* 0, or EMSGSIZE from the first error on */
};
struct unpack {
    const unsigned char *next;
    size_t left, size;
    int error; /* 0, or EBADMSG from the first error on */
};

/* Packs into the `size` bytes of `buffer` from here on. */
void pack_start(struct pack *pack, void *buffer, size_t size);

/* Each takes up 4 bytes, or 8: int64, uint64, double. An XDR enumeration is an int32, a structure
 * is its members one after the other. */
void pack_int32(struct pack *pack, int32_t value);
void pack_uint32(struct pack *pack, uint32_t value);
void pack_int64(struct pack *pack, int64_t value);
void pack_uint64(struct pack *pack, uint64_t value);
void pack_bool(struct pack *pack, bool value);
void pack_double(struct pack *pack, double value);

/* Each takes up 4 bytes for the length, the bytes (of a string without its NUL), and zeros up to a
 * multiple of 4. `bytes` may be NULL when `size` is 0. */
void pack_string(struct pack *pack, const char *text);
void pack_bytes(struct pack *pack, const void *bytes, size_t size);

/* A list is its count, 4 bytes, then its elements, which the caller packs: values of any type. */
void pack_count(struct pack *pack, size_t count);

/* Returns the size of all that was packed, a multiple of 4; or -1 and EMSGSIZE: the buffer is too
 * small, or a size or count exceeds 2^32 - 1, the largest in XDR. */
ssize_t pack_end(const struct pack *pack);

/* Unpacks the `size` bytes of `bytes` from here on: exactly one record, which anybody may have
 * made. It is malformed, EBADMSG, where a function below says "must", when it ends too early or too
 * late, or when padding is not zero. */
void unpack_start(struct unpack *unpack, const void *bytes, size_t size);

/* Return the value; 0, false or 0.0 after an error. A bool must be 0 or 1. */
int32_t unpack_int32(struct unpack *unpack);
uint32_t unpack_uint32(struct unpack *unpack);
int64_t unpack_int64(struct unpack *unpack);
uint64_t unpack_uint64(struct unpack *unpack);
bool unpack_bool(struct unpack *unpack);
double unpack_double(struct unpack *unpack);

/* Copies a string and a NUL to `text`, which has `room` bytes: both must fit in, and the string
 * must not contain a NUL. Returns its length; 0, with `text` "" (if `room` is not 0), after an
 * error. */
size_t unpack_string(struct unpack *unpack, char *text, size_t room);

/* Copies bytes to `bytes`, which has room for `room`: they must fit in.
 * Returns their number; 0, with nothing copied, after an error. */
size_t unpack_bytes(struct unpack *unpack, void *bytes, size_t room);

/* Returns how many elements follow; 0 after an error. It must be at most `most`, the number that
 * the caller has room for, and no more than the rest of the record can hold, at 4 bytes each or
 * more. So a caller that allocates the room may pass SIZE_MAX: it takes a long record to make it
 * allocate much. */
size_t unpack_count(struct unpack *unpack, size_t most);

/* Returns the record's size; or -1 and EBADMSG: it is malformed, or not all of it was unpacked. */
ssize_t unpack_end(const struct unpack *unpack);

#endif
