#!/usr/bin/env bash
#
# Passes every test on a bare Debian machine (amd64, root, with Go and npm): sets up the engine, the reference CLI and the
# images, then runs the linters, the fast tests under the race detector, and the tests on real dev containers.
#
#   test/run.sh         everything
#   test/run.sh fast    what needs no engine
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly STATICCHECK=honnef.co/go/tools/cmd/staticcheck@v0.8.2

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS" >&2; }

lint() {
  step "gofmt, go vet, go mod tidy, staticcheck, shellcheck"
  local unformatted
  unformatted=$(gofmt -l .)
  if [[ -n $unformatted ]]; then
    printf 'gofmt would change:\n%s\n' "$unformatted" >&2
    return 1
  fi
  go vet ./...
  GOOS=darwin GOARCH=arm64 go build -o /dev/null ./cmd/dcverify # which judges files and images on a laptop
  go mod tidy -diff
  go run "$STATICCHECK" ./...
  if command -v shellcheck >/dev/null; then
    local scripts
    mapfile -t scripts < <(git ls-files '*.sh' .ci/run | xargs awk 'FNR == 1 && /^#!/ { print FILENAME }')
    shellcheck -x "${scripts[@]}"
  elif [[ -n ${DCVERIFY_REQUIRE:-} ]]; then
    echo "shellcheck is missing" >&2
    return 1
  fi
}

fast() {
  step "fast tests, with the race detector"
  local packages
  mapfile -t packages < <(go list ./... | grep -vE '/test/(real|truth)$')
  go test -race "${packages[@]}"
}

real() {
  step "tests on real dev containers"
  go test -count=1 -p 1 -timeout 60m -v ./test/real ./test/truth 2>&1 | grep --line-buffered -vE '^=== (RUN|PAUSE|CONT|NAME)'
}

case ${1:-all} in
fast)
  lint
  fast
  ;;
all)
  # Nothing may be skipped for a missing tool where this script has set the tools up.
  export DCVERIFY_REQUIRE=all
  step "setting up the machine"
  ./test/setup.sh
  lint
  fast
  real
  ;;
*)
  echo "usage: test/run.sh [fast]" >&2
  exit 3
  ;;
esac
step "all passed"
