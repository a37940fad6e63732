#!/bin/sh
# No promises left in the code.
git grep -n -w -E 'TODO|FIXME|XXX|HACK' -- runtime vm stdlib scripts Makefile && exit 1
exit 0
