# Packages, relative imports, .scr before .py, circular imports, running a module.
folder=$(mktemp -d /tmp/scr_packages_XXXXXX)
mkdir -p "$folder/box/inner"
echo 'name = "box"; from . import one; from .inner import two' >"$folder/box/__init__.scr"
echo 'value = 1' >"$folder/box/one.scr"
echo 'from ..one import value as outer; value = outer + 1' >"$folder/box/inner/two.scr"
: >"$folder/box/inner/__init__.scr"
echo 'print("as main", __name__)' >"$folder/box/__main__.scr"
echo 'which = "scr"' >"$folder/both.scr"
echo 'which = "py"' >"$folder/both.py"
echo 'import ring_b; a = 1' >"$folder/ring_a.scr"
echo 'import ring_a; print(hasattr(ring_a, "a"))' >"$folder/ring_b.scr"
cat >"$folder/main.scr" <<'END'
import box, both, ring_a
print(box.name, box.one.value, box.inner.two.value, both.which, box.__package__, box.inner.two.__package__)
try:
    from box import nothing
except ImportError as error:
    print(type(error).__name__, str(error).split(" (")[0])
try:
    import box.nothing
except ModuleNotFoundError as error:
    print(error, error.name)
if __name__ == "__main__":
    print("main")
END
$SCR "$folder/main.scr"
SCRPATH=$folder $SCR -m box
rm -rf "$folder"
