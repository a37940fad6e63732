# scr compare runs a script under each runtime's lock, and tells when its output or its exit code differs.
dir=$(mktemp -d)
cat >$dir/run.scr <<'S'
import gil, sys
print(gil.policy(), len(sys.argv))
sys.exit(3)
S
$SCR compare --as=cpython3.12,cpython3.2,ruby3 $dir/run.scr a b | awk '{print $1, $(NF - 1), $NF}'
$SCR compare --as=cpython3.12,ruby3 --repeat=3 --json $dir/run.scr >$dir/json
$SCR -c 'import json, sys
for row in json.load(open(sys.argv[1])): print(row["as"], row["exit_code"], row["same_output"], row["ratio"] > 0, row["diagnosis"])' $dir/json
for wrong in --as=jython --repeat=0 --fast; do
    $SCR compare $wrong $dir/run.scr 2>&1
    echo "exit $?"
done
$SCR compare $dir/absent.scr 2>&1 | sed "s|$dir/||"
rm -rf $dir
