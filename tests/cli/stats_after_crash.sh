# Figures and trace are written when the script fails, too, and when it exits.
dir=$(mktemp -d)
$SCR --stats=json:$dir/s.json --trace=$dir/t.json -c 'raise ValueError("no")' 2>/dev/null
echo "exit $?"
$SCR -c 'import json, sys; s = json.load(open(sys.argv[1])); print(s["policy"], len(s["threads"]))' $dir/s.json
$SCR -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["traceEvents"]) > 2)' $dir/t.json
$SCR --stats -c 'import sys; sys.exit(3)' 2>$dir/err
echo "exit $?"
grep -c -e 'GIL-bound' -e 'nothing to see' $dir/err
rm -rf $dir
