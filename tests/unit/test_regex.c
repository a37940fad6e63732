/* Python's patterns in PCRE2's words: what re_translate() makes of them, its flags, and what it refuses. */
#include "stdlib/re.h"

#include "runtime/types/call.h"
#include "runtime/types/exception.h"
#include "tests/unit/runtime.h"
#include "vm/exec/import.h"

#include <string.h>

/* The translation as UTF-8, or the message of re.error. */
static Value translated(const char *pattern, uint32_t max, int *flags) {
    Value source = str_from(pattern), result;
    ReText text;
    if (re_translate(source, flags ? *flags : 0, max, &text)) {
        StrBuilder b = {0};
        for (size_t i = 0; i < text.length; i++) builder_char(&b, text.units[i]);
        result = builder_finish(&b);
        if (flags) *flags = text.flags;
        re_text_free(&text);
    } else {
        Value e = error_take();
        result = str_format("error: %S", e);
        release(e);
    }
    release(source);
    return result;
}

static bool refuses(const char *pattern, const char *message) {
    Value text = str_format("error: %s", message);
    bool is = is_text(translated(pattern, 0x10FFFF, NULL), str_utf8(text, NULL));
    release(text);
    return is;
}

static void test_refused(void) {
    CHECK(refuses("(", "missing ), unterminated subpattern at position 0"));
    CHECK(refuses("a)", "unbalanced parenthesis at position 1"));
    CHECK(refuses("[a", "unterminated character set at position 0"));
    CHECK(refuses("a**", "multiple repeat at position 2"));
    CHECK(refuses("*", "nothing to repeat at position 0"));
    CHECK(refuses("[z-a]", "bad character range z-a at position 1"));
    CHECK(refuses("(?P<a>x)(?P<a>y)", "redefinition of group name 'a' as group 2; was group 1 at position 12"));
    CHECK(refuses("\\", "bad escape (end of pattern) at position 0"));
    CHECK(refuses("\\q", "bad escape \\q at position 0"));
    CHECK(refuses("(?<=a*)b", "look-behind requires fixed-width pattern"));
    CHECK(refuses("\\2", "invalid group reference 2 at position 1"));
    CHECK(refuses("a{3,2}", "min repeat greater than max repeat at position 2"));
}

/* What a pattern finds in a text, through the whole glue: the group at `group`, or "None". */
static bool finds(const char *pattern, const char *text, const char *expected) {
    Value search = import_attribute("re", "search"), p = str_from(pattern), t = str_from(text);
    Value match = call2(search, p, t), found;
    if (is_set(match) && !is_none(match)) found = call_method1(match, str_intern_cstr("group"), from_small_int(0));
    else found = str_from(is_set(match) ? "None" : "error");
    release(match);
    release(search);
    release(p);
    release(t);
    return is_text(found, expected);
}

static void test_found(void) {
    CHECK(finds("a$", "a\n", "a"));
    CHECK(finds("a\\Z", "a\n", "None"));
    CHECK(finds("[]a]+", "x]a]", "]a]"));
    CHECK(finds("[^]a]+", "]abc", "bc"));
    CHECK(finds("a{,2}", "aaa", "aa"));
    CHECK(finds("x{a}", "x{a}", "x{a}"));
    CHECK(finds("(?P<n>a)(?P=n)", "xaa", "aa"));
    CHECK(finds("(?i:A)b", "ab aB", "ab"));
    CHECK(finds("(?x) a  # comment\n b", "ab", "ab"));
    CHECK(finds("\\d+", "x42", "42"));
    CHECK(finds("(?<!a)b", "abb", "b"));
    CHECK(finds("\\x41\\101\\u0041", "AAA", "AAA"));
    CHECK(finds("[\\w-]+", "a-b c", "a-b"));
    CHECK(finds("a++b", "aaab", "aaab"));
    CHECK(finds("(a)?b(?(1)c|d)", "bd", "bd"));
    CHECK(finds("\\Ba", "ba", "a"));
}

int main(void) {
    runtime_start();
    release(import_attribute("re", "error")); /* its script half gives the class of the errors */
    test_refused();
    test_found();
    return UNIT_END();
}
