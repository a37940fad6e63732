/* time: clocks, sleeping, and calendar time in the C library's words. */
#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "runtime/plat/clock.h"
#include "stdlib/struct_sequence.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

/* Clocks. */

static Value seconds(int64_t ns) { return from_double((double)ns / 1e9); }

#define CLOCK(name, clock)                                                                           \
    static Value name(const Value *args, size_t count) { return seconds(clock()); }                  \
    static Value name##_ns(const Value *args, size_t count) { return int_from_int64(clock()); }
CLOCK(time_time, clock_wall)
CLOCK(time_monotonic, clock_monotonic)
CLOCK(time_process_time, clock_process_cpu)
CLOCK(time_thread_time, clock_thread_cpu)

static bool clock_id(Value v, clockid_t *out) {
    int64_t id;
    if (!object_as_int64(v, &id)) return false;
    *out = (clockid_t)id;
    return true;
}

static int64_t as_ns(const struct timespec *t) { return t->tv_sec * NS_PER_SECOND + t->tv_nsec; }

static bool read_clock(Value v, int (*read)(clockid_t, struct timespec *), int64_t *ns) {
    clockid_t id;
    struct timespec t;
    if (!clock_id(v, &id)) return false;
    if (read(id, &t)) return raise_os_error(errno, UNSET, UNSET), false;
    *ns = as_ns(&t);
    return true;
}

static Value time_clock_gettime(const Value *args, size_t count) {
    int64_t ns;
    return read_clock(args[0], clock_gettime, &ns) ? seconds(ns) : UNSET;
}

static Value time_clock_gettime_ns(const Value *args, size_t count) {
    int64_t ns;
    return read_clock(args[0], clock_gettime, &ns) ? int_from_int64(ns) : UNSET;
}

static Value time_clock_getres(const Value *args, size_t count) {
    int64_t ns;
    return read_clock(args[0], clock_getres, &ns) ? seconds(ns) : UNSET;
}

static Value set_clock(Value id_value, int64_t ns) {
    clockid_t id;
    if (!clock_id(id_value, &id)) return UNSET;
    struct timespec t = {ns / NS_PER_SECOND, ns % NS_PER_SECOND};
    return clock_settime(id, &t) ? raise_os_error(errno, UNSET, UNSET) : NONE;
}

static Value time_clock_settime(const Value *args, size_t count) {
    double d;
    return object_as_double(args[1], &d) ? set_clock(args[0], (int64_t)(d * 1e9)) : UNSET;
}

static Value time_clock_settime_ns(const Value *args, size_t count) {
    int64_t ns;
    return object_as_int64(args[1], &ns) ? set_clock(args[0], ns) : UNSET;
}

static Value time_pthread_getcpuclockid(const Value *args, size_t count) {
    uint64_t thread;
    clockid_t id;
    if (!int_is(args[0])) return raise_type_error("an integer is required (got type %T)", args[0]);
    if (!int_as_uint64(args[0], &thread)) return UNSET;
    int error = pthread_getcpuclockid((pthread_t)thread, &id);
    return error ? raise_os_error(error, UNSET, UNSET) : from_small_int(id);
}

static Value clock_info(const char *implementation, bool monotonic, bool adjustable) {
    Value result = call0(type_value(&namespace_type)), text = is_set(result) ? str_from(implementation) : UNSET;
    static const char *const fields[] = {"implementation", "monotonic", "adjustable", "resolution"};
    const Value values[] = {text, from_bool(monotonic), from_bool(adjustable), from_double(1e-9)};
    bool done = is_set(text);
    for (int i = 0; done && i < 4; i++) {
        Value name = str_intern_cstr(fields[i]);
        done = is_set(name) && object_set_attribute(result, name, values[i]);
        release(name);
    }
    release(text);
    if (done) return result;
    release(result);
    return UNSET;
}

static Value time_get_clock_info(const Value *args, size_t count) {
    if (!str_is(args[0])) return raise_type_error("get_clock_info() argument 1 must be str, not %T", args[0]);
    if (str_equal_ascii(args[0], "time")) return clock_info("clock_gettime(CLOCK_REALTIME)", false, true);
    if (str_equal_ascii(args[0], "monotonic") || str_equal_ascii(args[0], "perf_counter")) {
        return clock_info("clock_gettime(CLOCK_MONOTONIC)", true, false);
    }
    if (str_equal_ascii(args[0], "process_time"))
        return clock_info("clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", true, false);
    if (str_equal_ascii(args[0], "thread_time"))
        return clock_info("clock_gettime(CLOCK_THREAD_CPUTIME_ID)", true, false);
    return raise_value_error("unknown clock");
}

/* Sleeping. */

/* Seconds (float or int) as nanoseconds, rounded up, so that no sleep is too short. */
static bool duration(Value v, int64_t *ns) {
    if (float_is(v)) {
        double d = float_value(v) * 1e9;
        if (d != d) return raise_value_error("Invalid value NaN (not a number)"), false;
        if (d >= 0x1p63 || d < -0x1p63)
            return raise_overflow_error("timestamp out of range for platform time_t"), false;
        *ns = (int64_t)ceil(d);
        return true;
    }
    Value whole = object_index(v);
    if (is_unset(whole)) return false;
    bool fits = int_fits_int64(whole, ns) && !__builtin_mul_overflow(*ns, NS_PER_SECOND, ns);
    release(whole);
    return fits || (raise_overflow_error("timestamp too large to convert to C _PyTime_t"), false);
}

static Value time_sleep(const Value *args, size_t count) {
    int64_t ns;
    if (!duration(args[0], &ns)) return UNSET;
    if (ns < 0) return raise_value_error("sleep length must be non-negative");
    int64_t deadline, now = clock_monotonic();
    if (__builtin_add_overflow(now, ns, &deadline)) deadline = INT64_MAX;
    for (bool slept = false; !slept;) {
        BLOCKING_BEGIN(time_sleep)
        slept = clock_sleep_until(deadline);
        BLOCKING_END
        if (!slept && !safepoint_signals()) return UNSET;
    }
    return NONE;
}

/* Calendar time. */

static const char *const time_fields[] = {"tm_year", "tm_mon",  "tm_mday",  "tm_hour", "tm_min",   "tm_sec",
                                          "tm_wday", "tm_yday", "tm_isdst", "tm_zone", "tm_gmtoff"};
static StructSequence struct_time = STRUCT_SEQUENCE(
    "time.struct_time", "The time value as returned by gmtime(), localtime(), and strptime().", time_fields, 9, 11);

static Value from_tm(const struct tm *t) {
    Value items[11] = {from_small_int((int64_t)t->tm_year + 1900),
                       from_small_int(t->tm_mon + 1),
                       from_small_int(t->tm_mday),
                       from_small_int(t->tm_hour),
                       from_small_int(t->tm_min),
                       from_small_int(t->tm_sec),
                       from_small_int((t->tm_wday + 6) % 7),
                       from_small_int(t->tm_yday + 1),
                       from_small_int(t->tm_isdst),
                       str_decode(t->tm_zone, strlen(t->tm_zone), "utf-8", "surrogateescape"),
                       from_small_int(t->tm_gmtoff)};
    return is_set(items[9]) ? struct_sequence_new(&struct_time, items) : UNSET;
}

/* The optional argument of gmtime, localtime and ctime. */
static bool moment(Value v, time_t *out) {
    int64_t n;
    if (is_unset(v) || is_none(v)) return *out = time(NULL), true;
    if (float_is(v)) {
        double d = floor(float_value(v));
        if (d != d) return raise_value_error("Invalid value NaN (not a number)"), false;
        if (d >= 0x1p63 || d < -0x1p63)
            return raise_overflow_error("timestamp out of range for platform time_t"), false;
        return *out = (time_t)d, true;
    }
    Value whole = object_index(v);
    if (is_unset(whole)) return false;
    bool fits = int_fits_int64(whole, &n);
    release(whole);
    *out = (time_t)n;
    return fits || (raise_overflow_error("timestamp out of range for platform time_t"), false);
}

static Value broken_down(Value v, struct tm *(*convert)(const time_t *, struct tm *)) {
    time_t when;
    struct tm t;
    if (!moment(v, &when)) return UNSET;
    errno = 0;
    return convert(&when, &t) ? from_tm(&t) : raise_os_error(errno ? errno : EINVAL, UNSET, UNSET);
}

static Value time_gmtime(const Value *args, size_t count) { return broken_down(args[0], gmtime_r); }
static Value time_localtime(const Value *args, size_t count) { return broken_down(args[0], localtime_r); }

static bool take_field(Value v, int *out) {
    int64_t n;
    if (!object_as_int64(v, &n)) return false;
    if (n > INT32_MAX) return raise_overflow_error("signed integer is greater than maximum"), false;
    if (n < INT32_MIN) return raise_overflow_error("signed integer is less than minimum"), false;
    *out = (int)n;
    return true;
}

/* A tuple of nine ints as a struct tm; name is the function's for errors. */
static bool to_tm(Value v, const char *name, struct tm *t) {
    int fields[9];
    if (!tuple_is(v)) return raise_type_error("Tuple or struct_time argument required"), false;
    if (tuple_length(v) != 9) return raise_type_error("%s(): illegal time tuple argument", name), false;
    for (size_t i = 0; i < 9; i++) {
        if (!take_field(tuple_at(v, i), &fields[i])) return false;
    }
    if (fields[0] < INT32_MIN + 1900) return raise_overflow_error("year out of range"), false;
    *t = (struct tm){.tm_year = fields[0] - 1900, .tm_mon = fields[1] - 1, .tm_mday = fields[2], .tm_hour = fields[3],
                     .tm_min = fields[4], .tm_sec = fields[5], .tm_wday = (fields[6] + 1) % 7, .tm_yday = fields[7] - 1,
                     .tm_isdst = fields[8]};
    if (!is_exactly(v, &struct_time.type)) return true;
    Value zone = as_tuple(v)->items[9], offset = as_tuple(v)->items[10];
    if (str_is(zone) && !(t->tm_zone = str_utf8(zone, NULL))) return false;
    if (is_small_int(offset)) t->tm_gmtoff = as_small_int(offset);
    return true;
}

/* What strftime and asctime accept; zeros of month, day and day of the year count as the first. */
static bool check_tm(struct tm *t) {
    if (t->tm_mon == -1) t->tm_mon = 0;
    if (t->tm_mday == 0) t->tm_mday = 1;
    if (t->tm_yday == -1) t->tm_yday = 0;
    const char *wrong = t->tm_mon < 0 || t->tm_mon > 11 ? "month"
                        : t->tm_mday < 0 || t->tm_mday > 31 ? "day of month"
                        : t->tm_hour < 0 || t->tm_hour > 23 ? "hour"
                        : t->tm_min < 0 || t->tm_min > 59 ? "minute"
                        : t->tm_sec < 0 || t->tm_sec > 61 ? "seconds"
                        : t->tm_wday < 0 ? "day of week"
                        : t->tm_yday < 0 || t->tm_yday > 365 ? "day of year" : NULL;
    return !wrong || (raise_value_error("%s out of range", wrong), false);
}

static bool now_or_given(Value v, const char *name, struct tm *t) {
    if (is_unset(v) || is_none(v)) {
        time_t when = time(NULL);
        return localtime_r(&when, t) || (raise_os_error(errno, UNSET, UNSET), false);
    }
    return to_tm(v, name, t) && check_tm(t);
}

static Value as_text(const struct tm *t) {
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char room[80];
    snprintf(room, sizeof room, "%.3s %.3s%3d %.2d:%.2d:%.2d %d", days + 3 * t->tm_wday, months + 3 * t->tm_mon,
             t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec, 1900 + t->tm_year);
    return str_from(room);
}

static Value time_asctime(const Value *args, size_t count) {
    struct tm t;
    return now_or_given(args[0], "asctime", &t) ? as_text(&t) : UNSET;
}

static Value time_ctime(const Value *args, size_t count) {
    time_t when;
    struct tm t;
    if (!moment(args[0], &when)) return UNSET;
    errno = 0;
    return localtime_r(&when, &t) ? as_text(&t) : raise_os_error(errno, UNSET, UNSET);
}

static Value time_mktime(const Value *args, size_t count) {
    struct tm t;
    if (!to_tm(args[0], "mktime", &t)) return UNSET;
    t.tm_wday = -1; /* stays when mktime() fails: -1 alone is also a moment */
    time_t when = mktime(&t);
    if (when == (time_t)-1 && t.tm_wday == -1) return raise_overflow_error("mktime argument out of range");
    return from_double((double)when);
}

/* strftime() answers 0 both for "no room" and for an empty text. */
static Value format_tm(const char *format, size_t n, const struct tm *t) {
    for (size_t capacity = 256 + n * 8; capacity < (n + 4) * 4096; capacity *= 4) {
        char *room = raw_allocate(capacity);
        if (!room) return raise_memory_error();
        size_t length = strftime(room, capacity, format, t);
        Value text = length ? str_decode(room, length, "utf-8", "surrogateescape") : UNSET;
        raw_free(room);
        if (length) return text;
    }
    return retain(names.empty);
}

static Value time_strftime(const Value *args, size_t count) {
    struct tm t;
    if (!str_is(args[0])) return raise_type_error("strftime() argument 1 must be str, not %T", args[0]);
    if (!now_or_given(args[1], "strftime", &t)) return UNSET;
    t.tm_isdst = t.tm_isdst < -1 ? -1 : t.tm_isdst > 1 ? 1 : t.tm_isdst;
    Value bytes = str_encode(args[0], "utf-8", "surrogateescape");
    if (is_unset(bytes)) return UNSET;
    Value result = UNSET;
    if (memchr(as_bytes(bytes)->data, 0, as_bytes(bytes)->length)) raise_value_error("embedded null character");
    else result = format_tm((const char *)as_bytes(bytes)->data, as_bytes(bytes)->length, &t);
    release(bytes);
    return result;
}

static Value time_strptime(const Value *args, size_t count) {
    Value function = import_attribute("_strptime", "_strptime_time");
    if (is_unset(function)) return UNSET;
    Value result = call(function, args, is_set(args[1]) ? 2 : 1, UNSET);
    release(function);
    return result;
}

/* Time zone. */

static bool set_owned(Value dict, const char *name, Value owned) {
    bool done = is_set(owned) && dict_set_utf8(dict, name, owned);
    release(owned);
    return done;
}

static Value zone_names(void) {
    Value standard = str_decode(tzname[0], strlen(tzname[0]), "utf-8", "surrogateescape");
    Value summer = str_decode(tzname[1], strlen(tzname[1]), "utf-8", "surrogateescape");
    Value result = is_set(standard) && is_set(summer) ? tuple_pack(2, standard, summer) : UNSET;
    release(standard), release(summer);
    return result;
}

/* Offsets as of January and July of this year: the zone's summer time, wherever summer is. */
static void zone_offsets(long *standard, long *summer) {
    time_t now = time(NULL), january, july;
    struct tm t;
    gmtime_r(&now, &t);
    struct tm winter_day = {.tm_year = t.tm_year, .tm_mon = 0, .tm_mday = 1}, summer_day = winter_day;
    summer_day.tm_mon = 6;
    january = timegm(&winter_day), july = timegm(&summer_day);
    localtime_r(&january, &winter_day);
    localtime_r(&july, &summer_day);
    bool south = winter_day.tm_gmtoff > summer_day.tm_gmtoff;
    *standard = -(south ? summer_day : winter_day).tm_gmtoff;
    *summer = -(south ? winter_day : summer_day).tm_gmtoff;
}

static bool fill_zone(Value dict) {
    long standard, summer;
    tzset();
    zone_offsets(&standard, &summer);
    return dict_set_utf8(dict, "timezone", from_small_int(standard)) &&
           dict_set_utf8(dict, "altzone", from_small_int(summer)) &&
           dict_set_utf8(dict, "daylight", from_small_int(standard != summer)) &&
           set_owned(dict, "tzname", zone_names());
}

static Value time_tzset(const Value *args, size_t count) {
    Value module = import_named("time");
    if (is_unset(module)) return UNSET;
    bool done = fill_zone(module_dict(module));
    release(module);
    return done ? NONE : UNSET;
}

static const NativeDef functions[] = {
    FUNCTION("time", "", time_time, "Return the current time in seconds since the Epoch."),
    FUNCTION("time_ns", "", time_time_ns, "Return the current time in nanoseconds since the Epoch."),
    FUNCTION("monotonic", "", time_monotonic, "Monotonic clock, cannot go backward."),
    FUNCTION("monotonic_ns", "", time_monotonic_ns, "Monotonic clock, cannot go backward, as nanoseconds."),
    FUNCTION("perf_counter", "", time_monotonic, "Performance counter for benchmarking."),
    FUNCTION("perf_counter_ns", "", time_monotonic_ns, "Performance counter for benchmarking as nanoseconds."),
    FUNCTION("process_time", "", time_process_time,
             "Process time for profiling: sum of the kernel and user-space CPU time."),
    FUNCTION("process_time_ns", "", time_process_time_ns, "Process time for profiling as nanoseconds."),
    FUNCTION("thread_time", "", time_thread_time,
             "Thread time for profiling: sum of the kernel and user-space CPU time."),
    FUNCTION("thread_time_ns", "", time_thread_time_ns, "Thread time for profiling as nanoseconds."),
    FUNCTION("clock_gettime", "clk_id, /", time_clock_gettime, "Return the time of the specified clock."),
    FUNCTION("clock_gettime_ns", "clk_id, /", time_clock_gettime_ns,
             "Return the time of the specified clock as nanoseconds."),
    FUNCTION("clock_settime", "clk_id, time, /", time_clock_settime, "Set the time of the specified clock."),
    FUNCTION("clock_settime_ns", "clk_id, time, /", time_clock_settime_ns,
             "Set the time of the specified clock, in nanoseconds."),
    FUNCTION("clock_getres", "clk_id, /", time_clock_getres,
             "Return the resolution (precision) of the specified clock."),
    FUNCTION("pthread_getcpuclockid", "thread_id, /", time_pthread_getcpuclockid,
             "The clk_id of a thread's CPU time clock."),
    FUNCTION("get_clock_info", "name, /", time_get_clock_info, "Get information of the specified clock."),
    FUNCTION("sleep", "seconds, /", time_sleep, "Delay execution for a given number of seconds."),
    FUNCTION("gmtime", "seconds=None, /", time_gmtime, "Convert seconds since the Epoch to a time tuple in UTC."),
    FUNCTION("localtime", "seconds=None, /", time_localtime,
             "Convert seconds since the Epoch to a time tuple in local time."),
    FUNCTION("asctime", "tuple=None, /", time_asctime,
             "Convert a time tuple to a string, e.g. 'Sat Jun 06 16:26:11 1998'."),
    FUNCTION("ctime", "seconds=None, /", time_ctime,
             "Convert a time in seconds since the Epoch to a string in local time."),
    FUNCTION("mktime", "tuple, /", time_mktime, "Convert a time tuple in local time to seconds since the Epoch."),
    FUNCTION("strftime", "format, tuple=None, /", time_strftime,
             "Convert a time tuple to a string according to a format."),
    FUNCTION("strptime", "string, format=None, /", time_strptime,
             "Parse a string to a time tuple according to a format."),
    FUNCTION("tzset", "", time_tzset, "Initialize, or reinitialize, the local timezone to the value stored in TZ."),
    NATIVE_END,
};

static bool ready(void) { return struct_sequence_ready(&struct_time); }

static bool fill(Value dict) {
    static const struct {
        const char *name;
        clockid_t id;
    } clocks[] = {{"CLOCK_REALTIME", CLOCK_REALTIME}, {"CLOCK_MONOTONIC", CLOCK_MONOTONIC},
                  {"CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW}, {"CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID},
                  {"CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID}, {"CLOCK_BOOTTIME", CLOCK_BOOTTIME},
                  {"CLOCK_TAI", CLOCK_TAI}};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        if (!dict_set_utf8(dict, clocks[i].name, from_small_int(clocks[i].id))) return false;
    }
    return dict_set_utf8(dict, "struct_time", type_value(&struct_time.type)) &&
           dict_set_utf8(dict, "_STRUCT_TM_ITEMS", from_small_int(11)) && fill_zone(dict);
}

const ModuleDef mod_time = {"time", "Clocks, sleeping and calendar time.", functions, fill, ready};
