# Lists the recipes.
default:
    @just --list

# Formats the code.
fmt:
    cargo fmt --all

# Checks format and lints.
lint:
    scripts/test fmt lint

# Runs all tests: unit, conformance, macro, end to end, doc.
test:
    scripts/test doctest test

# Gives every parser what nobody should write, for about a minute. `PROPTEST_CASES=1000000 just fuzz` takes longer.
fuzz:
    scripts/test fuzz

# Builds the documentation; a warning is an error.
doc:
    scripts/test doc

# Runs the tests of what the macros say to mistakes. `just ui overwrite` accepts what they say now.
ui mode="wip":
    TRYBUILD={{mode}} cargo test --package boltjobs-ui-tests

# Checks licences, advisories and sources of the dependencies.
deny:
    scripts/test deny

# Runs each example to its end.
examples:
    scripts/test examples

# Measures speed, memory and disk; `just bench --help` says what else there is.
bench *arguments:
    cargo run --release --package boltjobs-benches -- {{arguments}}

# Runs what CI runs.
ci:
    bash .ci/run
