#!/bin/sh
# No promises left in the code.
git grep -n -E 'TODO|FIXME|XXX|HACK' -- runtime vm stdlib scripts Makefile && exit 1
exit 0
