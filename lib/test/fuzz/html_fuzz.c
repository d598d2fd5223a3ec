/* html_fuzz: pages and lists of URLs. The first byte says which of the two, and how much room there
 * is for the line that is shown; the rest is the text. Whatever it is, what is shown is one line of
 * UTF-8 without a control character, so that no page does to a terminal what it likes. */
#include "fuzz.h"

#include "../../../05-subprocess/html.h"

/* How many bytes the character at `text` has, or 0: no UTF-8, or not for showing. This is the table
 * of the Unicode standard (3-7), not arithmetic as in html.h. */
static size_t shown_bytes(const unsigned char *text)
{
    static const unsigned char table[][5] = {
        /* the first byte, from and to; the second one, from and to; and how many there are */
        {0xc2, 0xc2, 0xa0, 0xbf, 2}, /* without U+0080 to U+009F, which are control characters */
        {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

    if (*text < 0x80)
        return *text >= 0x20 && *text != 0x7f;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const unsigned char *row = table[i];
        if (text[0] < row[0] || text[0] > row[1] || text[1] < row[2] || text[1] > row[3])
            continue;
        for (size_t k = 2; k < row[4]; k++)
            if (text[k] < 0x80 || text[k] > 0xbf)
                return 0;
        return row[4];
    }
    return 0;
}

static void check_line(const char *text, size_t size, size_t room)
{
    char *line = malloc(room); /* so that what is written behind it is found */

    CHECK(line != NULL);
    line_make(line, room, text, size);
    size_t length = strlen(line);
    CHECK(length < room);
    for (const char *c = line; *c != '\0';) {
        size_t bytes = shown_bytes((const unsigned char *)c);
        CHECK(bytes > 0);
        c += bytes;
    }
    CHECK(strstr(line, "  ") == NULL && *line != ' ');
    CHECK(length == 0 || line[length - 1] != ' ');
    free(line);
}

/* As fetch_urls does it with what curl has got. */
static void check_page(char *text, size_t size, size_t room)
{
    size_t length;
    char *title = element_find(text, text + size, "title", &length);

    if (title == NULL) {
        check_line(text, size, room); /* it might be a message of curl's */
        return;
    }
    CHECK(title >= text + strlen("<title>") && title + length + strlen("</title") <= text + size);
    size_t decoded = entities_decode(title, length);
    CHECK(decoded <= length);
    check_line(title, decoded, room);
}

static void check_list(char *text, size_t size, size_t room)
{
    char **urls = calloc(size / 2 + 1, sizeof *urls);

    CHECK(urls != NULL);
    size = strlen(text); /* text_read refuses one with a '\0' in it */
    size_t count = urls_find(text, size, urls);
    CHECK(count <= size / 2 + 1);
    for (size_t i = 0; i < count; i++) {
        CHECK(urls[i] >= text && urls[i] + strlen(urls[i]) <= text + size);
        CHECK(i == 0 || urls[i] > urls[i - 1]);
        CHECK(!isspace((unsigned char)urls[i][0]) && strchr(urls[i], '\n') != urls[i]);
        check_line(urls[i], strlen(urls[i]), room);
    }
    free(urls);
}

static void check_characters(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        long code;
        char again[4];
        size_t length = utf8_decode(text + i, size - i, &code);
        CHECK(length == 0 ||
              (utf8_encode(code, again) == length && memcmp(again, text + i, length) == 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)text_read; /* reads files, takes nothing apart */
    if (size == 0)
        return 0;
    size_t room = *data / 2 == 0 ? 204 : 8 + *data / 2;
    char *text = text_of(data + 1, size - 1);
    check_characters(text, size - 1);
    if (*data % 2 == 0)
        check_page(text, size - 1, room);
    else
        check_list(text, size - 1, room);
    free(text);
    return 0;
}
