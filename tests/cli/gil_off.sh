# Without the lock: what breaks is found and named, what is shared properly is left alone, and the options are checked.
found() { # found DESCRIPTION OPTIONS...: exit code and the first line of each kind of bug
    echo "-- $1"
    shift
    $SCR --gil=off --seed=1 "$@" >"$TMP/out" 2>"$TMP/err"
    echo "exit code $?"
}
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
found "a leak" scripts/refcount_leak.scr
grep -o "wrong reference count: Shared object" "$TMP/err"
grep -c "is lost" "$TMP/err"
found "a use after free" scripts/refcount_crash.scr 0.2
grep -o -m1 "use after free: list object" "$TMP/err"
found "a container race" scripts/list_race.scr
grep -o -m1 "container race: list object" "$TMP/err"
found "a dict race" scripts/dict_race.scr
grep -o -m1 "container race: dict object" "$TMP/err"
found "lost updates" --check=updates scripts/lost_update_nogil.scr
grep -o -m1 "lost update: variable counter" "$TMP/err"
found "nothing" --check=updates --race-window=30 tests/cli/gil_off/properly_locked.scr
cat "$TMP/out" "$TMP/err"
found "stopped at the first" --on-bug=stop scripts/refcount_crash.scr 0.2
grep -c "use after free:\|double free:\|container race:" "$TMP/err"
found "only counted" --max-reports=0 scripts/refcount_leak.scr
grep -o "1 bug found; how often: 1 wrong reference count" "$TMP/err"
found "a report file" --report="$TMP/report.json" scripts/refcount_crash.scr 0.2
$SCR tests/tools/check_reports.scr "$TMP/report.json" >/dev/null && echo "consistent"
echo "-- toggled"
$SCR --check scripts/toggle.scr >"$TMP/out" 2>"$TMP/err"
echo "exit code $?"
head -1 "$TMP/out"
${SCR%% *} scripts/toggle.scr 2>&1
for wrong in --race-window=x --seed=-1 --on-bug=shrug --max-reports=many --quarantine=0 --report=/nowhere/x.json --check=all; do
    $SCR --gil=off $wrong scripts/refcount_leak.scr
    echo "exit code $?"
done 2>&1
$SCR --gil=off --raw --check=updates scripts/refcount_leak.scr 2>&1
true
