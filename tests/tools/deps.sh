#!/bin/sh
# Installs what scr is built with, through the package manager that is here.  Says what it runs.
set -e
if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
run() { echo "+ $*"; "$@"; }
if command -v apt-get >/dev/null; then
    run $sudo apt-get update
    run $sudo apt-get install -y gcc make pkg-config libreadline-dev libgmp-dev libpcre2-dev libutf8proc-dev \
        libsqlite3-dev zlib1g-dev libssl-dev libbz2-dev libicu-dev
elif command -v dnf >/dev/null; then
    run $sudo dnf install -y gcc make pkgconf readline-devel gmp-devel pcre2-devel utf8proc-devel sqlite-devel \
        zlib-devel openssl-devel bzip2-devel libicu-devel
elif command -v pacman >/dev/null; then
    run $sudo pacman -S --needed --noconfirm gcc make pkgconf readline gmp pcre2 libutf8proc sqlite zlib openssl bzip2 icu
elif command -v brew >/dev/null; then
    run brew install pkg-config readline gmp pcre2 utf8proc sqlite zlib openssl bzip2 icu4c
else
    echo "make deps knows apt-get, dnf, pacman and brew; none is here." >&2
    echo "Needed: a C11 compiler, make, pkg-config, and the headers of readline, gmp, pcre2 and utf8proc." >&2
    exit 1
fi
