# scr: `make` builds ./scr, `make test` tests it, `make help` lists the rest.

PREFIX        ?= /usr/local
DESTDIR       ?=
BUILD         ?= build
OPTIMIZE      ?= -O2
EXTRA_CFLAGS  ?=
EXTRA_LDFLAGS ?=
CC            ?= cc
ENGINES       := plain checked

# One short line for each file made; `make V=1` shows the commands.
QUIET = $(if $(V),,@echo "  $(1) $@" &&)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter -Wno-missing-field-initializers

# Libraries, as pkg-config and as Debian name them.  The optional ones are a module each.
REQUIRED := gmp:libgmp-dev libpcre2-8:libpcre2-dev libpcre2-16:libpcre2-dev libpcre2-32:libpcre2-dev \
            libutf8proc:libutf8proc-dev readline:libreadline-dev
OPTIONAL := sqlite3:libsqlite3-dev zlib:zlib1g-dev libcrypto:libssl-dev libssl:libssl-dev

MISSING := $(shell command -v pkg-config >/dev/null || echo pkg-config; \
             for row in $(REQUIRED); do pkg-config --exists $${row%%:*} 2>/dev/null || echo $${row\#\#*:}; done | sort -u)
GOALS_WITHOUT_LIBRARIES := deps help clean
ifneq ($(filter-out $(GOALS_WITHOUT_LIBRARIES),$(or $(MAKECMDGOALS),all)),)
ifneq ($(strip $(MISSING)),)
$(error missing: $(strip $(MISSING)). Run `make deps`, or install these packages by their Debian names)
endif
endif

FOUND     := $(foreach row,$(OPTIONAL),$(shell pkg-config --exists $(firstword $(subst :, ,$(row))) 2>/dev/null && echo $(firstword $(subst :, ,$(row)))))
# Opened by the running program, when it needs it: only the headers count here.
ICU       := $(shell pkg-config --exists icu-uc 2>/dev/null && echo -DHAVE_ICU && pkg-config --cflags icu-uc)
# Many systems give bzip2 no .pc file.
BZIP2     := $(shell echo '\#include <bzlib.h>' | $(CC) -E -x c - >/dev/null 2>&1 && echo bzip2)
PACKAGES  := $(foreach row,$(REQUIRED),$(firstword $(subst :, ,$(row)))) $(FOUND)
LIB_FLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null) $(foreach p,$(FOUND),-DHAVE_$(shell echo $(p) | tr a-z A-Z)) \
             $(if $(BZIP2),-DHAVE_BZIP2)
# Optional libraries come from their archives where there are any: shared ones are mapped and relocated at every start, needed
# or not, which would double its time.
ARCHIVED   = $(or $(wildcard $(shell $(CC) -print-file-name=$(patsubst -l%,lib%.a,$(1)))),$(1))
OPTIONAL_LIBS := $(if $(FOUND),$(shell pkg-config --libs $(FOUND))) $(if $(BZIP2),-lbz2)
LIBS      := $(shell pkg-config --libs $(filter-out $(FOUND),$(PACKAGES)) 2>/dev/null) \
             -Wl,--start-group $(foreach lib,$(OPTIONAL_LIBS),$(call ARCHIVED,$(lib))) -Wl,--end-group -lm -lpthread -ldl

SOURCES := $(sort $(wildcard runtime/*/*.c vm/*/*.c stdlib/*.c))
SCRIPTS := $(sort $(wildcard stdlib/*.scr stdlib/*/*.scr stdlib/*/*/*.scr))
MAIN    := vm/cli/main.c
CFLAGS_ALL = -std=gnu11 -D_GNU_SOURCE $(OPTIMIZE) -g $(WARNINGS) -I. $(LIB_FLAGS) -fno-strict-aliasing -fwrapv -fvisibility=hidden \
             -MMD -MP $(EXTRA_CFLAGS)
# The machine: fixed addresses, and no vector code or calls of memset for loops over a handful of registers.
SHORT_LOOPS := -fno-pie $(if $(findstring clang,$(shell $(CC) --version)),-fno-vectorize,-fno-tree-vectorize -fno-tree-loop-distribute-patterns)
LDFLAGS_ALL = -no-pie $(EXTRA_LDFLAGS)

PYTHONS       ?=

.PHONY: all unit clean debug deps help install test check bench fidelity oracle test-san stress fuzz
.DELETE_ON_ERROR:

all: scr ## build ./scr

scr: $(BUILD)/scr $(BUILD)/scr-checked
	@ln -sf $(BUILD)/scr $@
	@[ "$(BUILD)" = build ] && echo "built ./scr; optional modules: $(or $(strip $(FOUND) $(BZIP2)),none)" || true

$(BUILD)/scr: $(SOURCES:%.c=$(BUILD)/plain/%.o)
	$(call QUIET,link) $(CC) $(OPTIMIZE) -o $@ $^ $(LDFLAGS_ALL) $(LIBS)
$(BUILD)/scr-checked: $(SOURCES:%.c=$(BUILD)/checked/%.o)
	$(call QUIET,link) $(CC) $(OPTIMIZE) -o $@ $^ $(LDFLAGS_ALL) $(LIBS)

define engine_rules
$(BUILD)/$(1)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(call QUIET,cc  ) $(CC) $$(CFLAGS_ALL) $$(if $$(findstring /vm/exec/,$$@),$(SHORT_LOOPS)) -DRC_POLICY=$(1) -c -o $$@ $$<
$(BUILD)/$(1)/stdlib/scripts.o: $(SCRIPTS)
$(BUILD)/$(1)/vm/front/unicode_name.o: LIB_FLAGS += $(ICU)
endef
$(foreach engine,$(ENGINES),$(eval $(call engine_rules,$(engine))))

# C tests of single files: each a program on everything but main.
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
unit: $(UNIT)
$(BUILD)/unit/%: tests/unit/%.c tests/unit/unit.h tests/unit/runtime.h $(filter-out $(BUILD)/plain/$(MAIN:.c=.o),$(SOURCES:%.c=$(BUILD)/plain/%.o))
	@mkdir -p $(@D)
	$(call QUIET,test) $(CC) $(CFLAGS_ALL) -DRC_POLICY=plain -o $@ $< $(filter %.o,$^) $(LDFLAGS_ALL) $(LIBS)

# Fuzz targets: the same, linked by tests/tools/fuzz.sh with clang's libFuzzer.
$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h $(filter-out $(BUILD)/plain/$(MAIN:.c=.o),$(SOURCES:%.c=$(BUILD)/plain/%.o))
	$(call QUIET,fuzz) $(CC) $(CFLAGS_ALL) -DRC_POLICY=plain -o $@ $< $(filter %.o,$^) $(LDFLAGS_ALL) $(LIBS)

debug: ## build ./scr with assertions, without optimisation
	@$(MAKE) BUILD=build/debug OPTIMIZE="-O0" EXTRA_CFLAGS="-DDEBUG $(EXTRA_CFLAGS)" all

deps: ## install the libraries that are missing
	@sh tests/tools/deps.sh

install: all ## install into PREFIX (default /usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/scr
	install $(BUILD)/scr $(DESTDIR)$(PREFIX)/bin/scr
	install $(BUILD)/scr-checked $(DESTDIR)$(PREFIX)/libexec/scr/scr-checked

clean: ## remove what was built
	rm -rf build scr

test: all unit ## run the tests (a few minutes)
	@sh tests/tools/test.sh

check: ## floors, names, sizes, format
	@sh tests/tools/check.sh

oracle: all ## compare the stored expectations with python3's output
	@sh tests/tools/oracle.sh

bench: all ## scr beside python3, program by program
	@./scr tests/bench/run.scr

fidelity: all ## scr's presets beside the CPythons that are installed (PYTHONS="python2.7 python3.12")
	@PYTHONS="$(PYTHONS)" ./scr tests/fidelity/run.scr

test-san: ## the tests under ASan + UBSan, thread tests under TSan
	@sh tests/tools/sanitize.sh

stress: ## the tests under a hostile build
	@sh tests/tools/stress.sh

fuzz: all ## fuzz the parser, json, re and struct for SECONDS each, 60 unless said (clang)
	@sh tests/tools/fuzz.sh $(SECONDS)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

-include $(foreach engine,$(ENGINES),$(SOURCES:%.c=$(BUILD)/$(engine)/%.d))
