# scr dis names the operands.
file=$(mktemp /tmp/scr_dis_XXXXXX)
printf 'def f(a, b):\n    while a < b:\n        a += 1\n    return a\n' >"$file"
$SCR dis "$file" | grep -c -e 'JUMP_.*LT' -e 'INPLACE_ADD_K .* a, a, 1' -e 'RETURN .* a'
rm -f "$file"
