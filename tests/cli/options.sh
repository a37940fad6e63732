# Wrong use is one line on stderr and exit code 2.


for arguments in --bogus -c dis "no_such_file.scr" / ; do
    $SCR $arguments </dev/null >/tmp/cli_out_$$ 2>&1
    echo "$arguments: exit $?, $(wc -l </tmp/cli_out_$$) line"
done
rm -f /tmp/cli_out_$$
$SCR --version | grep -c '^scr '
$SCR --help | grep -c -e '--check '
