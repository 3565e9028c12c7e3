# shellcheck shell=bash
# What the scenarios share. Each of them sources it, in the workspace, where the dev container CLI has put this folder.

# check LABEL COMMAND... and reportResults come from the CLI.
# shellcheck source=/dev/null
source dev-container-features-test-lib
# shellcheck source=test/dcverify/expected.sh
source ./expected.sh

# shellcheck disable=SC2034 # by the scenarios
share=/usr/local/share/dcverify
report=${XDG_STATE_HOME:-$HOME/.local/state}/dcverify/report.json

# prints TEXT COMMAND...: the command succeeds and prints exactly that.
prints() {
    local want=$1 got status=0
    shift
    got=$("$@") || status=$?
    if [ "$status" -ne 0 ] || [ "$got" != "$want" ]; then
        printf 'want: %s\ngot:  %s (exit status %d)\n' "$want" "$got" "$status"
        return 1
    fi
}

# exits STATUS COMMAND...
exits() {
    local want=$1 status=0
    shift
    "$@" || status=$?
    if [ "$status" -ne "$want" ]; then
        printf 'want exit status %d, got %d\n' "$want" "$status"
        return 1
    fi
}

# finds CODES: so said the automatic run when the container was created, and so does a run now.
finds() {
    prints "$1" ./codes.sh "$report" && prints "$1" ./codes.sh
}
