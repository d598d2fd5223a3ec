#include "pack.h"

#include <errno.h>
#include <float.h>
#include <string.h>

void pack_start(struct pack *pack, void *buffer, size_t size)
{
    *pack = (struct pack){.next = buffer, .left = size, .size = size};
}

/* Returns where the next `size` bytes go, their padding already behind them; or NULL. */
static unsigned char *claim(struct pack *pack, size_t size)
{
    unsigned char *place = pack->next;
    size_t padded = (size + 3) / 4 * 4; /* may overflow, so `size` is compared first */
    if (pack->error != 0 || size > pack->left || padded > pack->left) {
        pack->error = EMSGSIZE;
        return NULL;
    }
    memset(place + size, 0, padded - size);
    pack->next += padded;
    pack->left -= padded;
    return place;
}

void pack_int32(struct pack *pack, int32_t value)
{
    pack_uint32(pack, (uint32_t)value);
}

/* Big endian on every machine: shifts work on the value, not on how memory holds it. */
void pack_uint32(struct pack *pack, uint32_t value)
{
    unsigned char *place = claim(pack, 4);
    for (int i = 0; place != NULL && i < 4; i++)
        place[i] = (unsigned char)(value >> (24 - 8 * i) & 0xff);
}

void pack_int64(struct pack *pack, int64_t value)
{
    pack_uint64(pack, (uint64_t)value);
}

void pack_uint64(struct pack *pack, uint64_t value)
{
    pack_uint32(pack, (uint32_t)(value >> 32));
    pack_uint32(pack, (uint32_t)(value & 0xffffffff));
}

void pack_bool(struct pack *pack, bool value)
{
    pack_uint32(pack, value);
}

void pack_double(struct pack *pack, double value)
{
    _Static_assert(sizeof(double) == 8 && DBL_MANT_DIG == 53, "XDR's double is IEEE 754's");
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits); /* a cast would convert the value */
    pack_uint64(pack, bits);
}

void pack_string(struct pack *pack, const char *text)
{
    pack_bytes(pack, text, strlen(text));
}

void pack_bytes(struct pack *pack, const void *bytes, size_t size)
{
    pack_count(pack, size);
    unsigned char *place = claim(pack, size);
    if (place != NULL && size > 0) /* memcpy from NULL is undefined, even of nothing */
        memcpy(place, bytes, size);
}

void pack_count(struct pack *pack, size_t count)
{
    if ((uint32_t)count != count)
        pack->error = EMSGSIZE;
    pack_uint32(pack, (uint32_t)count);
}

ssize_t pack_end(const struct pack *pack)
{
    if (pack->error == 0)
        return (ssize_t)(pack->size - pack->left);
    errno = pack->error;
    return -1;
}

void unpack_start(struct unpack *unpack, const void *bytes, size_t size)
{
    *unpack = (struct unpack){.next = bytes, .left = size, .size = size};
}

static unsigned refuse(struct unpack *unpack)
{
    unpack->error = EBADMSG;
    return 0;
}

/* Returns where the next `size` bytes are, their padding checked; or NULL. */
static const unsigned char *take(struct unpack *unpack, size_t size)
{
    const unsigned char *place = unpack->next;
    size_t padded = (size + 3) / 4 * 4;
    if (unpack->error != 0 || size > unpack->left || padded > unpack->left ||
        memcmp(place + size, "\0\0\0", padded - size) != 0) {
        refuse(unpack);
        return NULL;
    }
    unpack->next += padded;
    unpack->left -= padded;
    return place;
}

int32_t unpack_int32(struct unpack *unpack)
{
    return (int32_t)unpack_uint32(unpack); /* compilers keep the bits: ffffffff is -1 */
}

uint32_t unpack_uint32(struct unpack *unpack)
{
    const unsigned char *place = take(unpack, 4);
    uint32_t value = 0;
    for (int i = 0; place != NULL && i < 4; i++)
        value = value << 8 | place[i];
    return value;
}

int64_t unpack_int64(struct unpack *unpack)
{
    return (int64_t)unpack_uint64(unpack);
}

uint64_t unpack_uint64(struct unpack *unpack)
{
    uint64_t high = unpack_uint32(unpack);
    uint64_t low = unpack_uint32(unpack);
    return unpack->error == 0 ? high << 32 | low : 0; /* half a number is none */
}

bool unpack_bool(struct unpack *unpack)
{
    uint32_t value = unpack_uint32(unpack);
    return value <= 1 ? value == 1 : refuse(unpack);
}

double unpack_double(struct unpack *unpack)
{
    uint64_t bits = unpack_uint64(unpack);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

size_t unpack_string(struct unpack *unpack, char *text, size_t room)
{
    size_t length = unpack_bytes(unpack, text, room);
    if (length == room || memchr(text, '\0', length) != NULL)
        length = refuse(unpack);
    if (room > 0)
        text[length] = '\0';
    return length;
}

size_t unpack_bytes(struct unpack *unpack, void *bytes, size_t room)
{
    size_t size = unpack_uint32(unpack);
    const unsigned char *place = size <= room ? take(unpack, size) : NULL;
    if (place == NULL)
        return refuse(unpack);
    if (size > 0)
        memcpy(bytes, place, size);
    return size;
}

size_t unpack_count(struct unpack *unpack, size_t most)
{
    size_t count = unpack_uint32(unpack);
    return count <= most && count <= unpack->left / 4 ? count : refuse(unpack);
}

ssize_t unpack_end(const struct unpack *unpack)
{
    if (unpack->error == 0 && unpack->left == 0)
        return (ssize_t)unpack->size;
    errno = EBADMSG;
    return -1;
}
