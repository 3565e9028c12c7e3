#!/usr/bin/env bash
#
# Turns a bare Debian machine (amd64, root, with Go and npm) into one where the
# tests against a real container engine run. Safe to run again: what is in
# place is left alone, what is missing or out of date is made again.
#
#   test/setup.sh
#
# DCVERIFY_TEST_CACHE     folder of the slow pieces (file system trees, Go
#                         releases, tools); default ~/.cache/dcverify-test
# DCVERIFY_DEBIAN_MIRROR  Debian archive for debootstrap
set -euo pipefail

# Everything that decides what the tests run against.
readonly DEVCONTAINER_CLI=0.89.0
readonly DEBIAN_SUITE=bookworm
readonly GO_NEW=1.26.8
readonly GO_PREVIOUS=1.25.9
readonly GO_OLD=1.24.9
readonly DLV=1.27.2     # supports GO_NEW
readonly DLV_OLD=1.24.2 # too old for GO_NEW; built with GO_OLD
readonly GOPLS=0.23.0
readonly BUILDKIT=0.34.2 # the release whose packages go.mod has
readonly PACKAGES=(binfmt-support ca-certificates debian-archive-keyring
  debootstrap docker-compose docker-registry docker.io qemu-user-static shellcheck xz-utils)

readonly MIRROR=${DCVERIFY_DEBIAN_MIRROR:-http://deb.debian.org/debian}
readonly CACHE=${DCVERIFY_TEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/dcverify-test}
readonly WORK=$CACHE/work
readonly RECIPE_LABEL=dcverify.test.recipe
IMAGE_FILES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/images
readonly IMAGE_FILES

# The images are made by Docker 20.10's own builder, which needs no plugin.
export DOCKER_BUILDKIT=0
export DEBIAN_FRONTEND=noninteractive

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# run_logged LOG COMMAND... keeps a noisy command quiet unless it fails.
run_logged() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    return 1
  fi
}

# --- packages and the devcontainer CLI ---------------------------------------

setup_packages() {
  local package missing=()
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${PACKAGES[@]}" 2>/dev/null || true)
  for package in "${PACKAGES[@]}"; do
    grep -qxF "installed $package" <<<"$installed" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then
    say "packages: in place"
    return
  fi
  say "packages: installing ${missing[*]}"
  # The packages' own services are not wanted: setup_engine starts the engine,
  # and the tests start registries. An existing policy is the owner's business.
  local policy=/usr/sbin/policy-rc.d own_policy=
  if [[ ! -e $policy ]]; then
    own_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  local ok=yes
  run_logged "$CACHE/apt.log" apt-get update || ok=
  [[ -z $ok ]] || run_logged "$CACHE/apt.log" apt-get install -y --no-install-recommends "${missing[@]}" || ok=
  [[ -z $own_policy ]] || rm -f "$policy"
  [[ -n $ok ]] || die "cannot install ${missing[*]} (log: $CACHE/apt.log)"
}

setup_cli() {
  local have
  have=$(devcontainer --version 2>/dev/null || true)
  if [[ $have == "$DEVCONTAINER_CLI" ]]; then
    say "devcontainer CLI: $have"
    return
  fi
  command -v npm >/dev/null || die "npm is missing; it is needed to install @devcontainers/cli"
  say "devcontainer CLI: installing $DEVCONTAINER_CLI (have: ${have:-none})"
  run_logged "$CACHE/npm.log" npm install -g "@devcontainers/cli@$DEVCONTAINER_CLI" ||
    die "cannot install @devcontainers/cli@$DEVCONTAINER_CLI (log: $CACHE/npm.log)"
  hash -r
  have=$(devcontainer --version 2>/dev/null || true)
  [[ $have == "$DEVCONTAINER_CLI" ]] ||
    die "the devcontainer command in PATH says '$have' after installing $DEVCONTAINER_CLI"
}

# --- engine and emulation ----------------------------------------------------

setup_engine() {
  if docker info >/dev/null 2>&1; then
    say "engine: running"
    return
  fi
  local log=$CACHE/dockerd.log pid
  say "engine: starting dockerd (log: $log)"
  # Detached, and without the lock's descriptor: the daemon outlives this
  # script and must not keep the next one waiting.
  setsid nohup dockerd >"$log" 2>&1 </dev/null 9>&- &
  pid=$!
  local i
  for ((i = 0; i < 240; i++)); do
    if docker info >/dev/null 2>&1; then
      return
    fi
    # dockerd may also have failed at once: no reason to wait the full minute.
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.25
  done
  tail -n 25 "$log" >&2
  die "dockerd does not answer"
}

setup_emulation() {
  local binfmt=/proc/sys/fs/binfmt_misc
  local entry=$binfmt/qemu-aarch64
  [[ -e $binfmt/register ]] || mount -t binfmt_misc binfmt_misc "$binfmt" 2>/dev/null ||
    die "cannot mount binfmt_misc: the kernel must support it to run arm64 containers"
  # The F flag opens the interpreter now; without it the kernel would look it
  # up in each container's own file system, where it does not exist.
  if ! emulation_ready "$entry"; then
    say "emulation: registering qemu-aarch64"
    [[ ! -e $entry ]] || echo -1 >"$entry"
    update-binfmts --enable qemu-aarch64 >/dev/null 2>&1 || true
    if ! emulation_ready "$entry"; then
      [[ ! -e $entry ]] || echo -1 >"$entry"
      local magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
      local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
      printf '%s' ":qemu-aarch64:M::$magic:$mask:/usr/bin/qemu-aarch64-static:F" >"$binfmt/register" || true
    fi
  fi
  emulation_ready "$entry" || die "cannot register qemu-aarch64 with the F flag in $binfmt"
  say "emulation: arm64 enabled"
}

emulation_ready() {
  [[ -r $1 ]] && grep -qx enabled "$1" && grep -q '^flags:.*F' "$1"
}

# --- cached pieces -----------------------------------------------------------
#
# A piece is a folder $CACHE/<name> made by one function. Its recipe is the
# checksum of that function, its arguments and the recipes of the pieces it is
# made from; the folder's .recipe file says which one it holds. So a change
# here makes exactly the pieces it touches again.

declare -A PIECE=(
  [debian-amd64]="make_debian amd64 ca-certificates,procps $DEBIAN_SUITE"
  # Second stage under emulation: the fewer packages the better.
  [debian-arm64]="make_debian arm64 - $DEBIAN_SUITE"
  [busybox]="make_busybox"
  [go-new]="make_go $GO_NEW amd64"
  [go-new-arm64]="make_go $GO_NEW arm64"
  [go-previous]="make_go $GO_PREVIOUS amd64"
  [go-old]="make_go $GO_OLD amd64"
  [dlv]="make_tool go-new amd64 github.com/go-delve/delve/cmd/dlv $DLV"
  [dlv-arm64]="make_tool go-new arm64 github.com/go-delve/delve/cmd/dlv $DLV"
  [dlv-old]="make_tool go-old amd64 github.com/go-delve/delve/cmd/dlv $DLV_OLD"
  [gopls]="make_tool go-new amd64 golang.org/x/tools/gopls $GOPLS"
  [switched]="make_switched go-previous $GO_NEW"
  [warm-arm64]="make_warm go-new arm64"
  [buildkit]="make_buildkit go-new $BUILDKIT"
)
# Which pieces must exist before a piece can be made.
declare -A PIECE_NEEDS=(
  [dlv]=go-new [dlv-arm64]=go-new [dlv-old]=go-old [gopls]=go-new
  [switched]=go-previous [warm-arm64]=go-new
  [buildkit]=go-new
)
# Two groups made side by side: no piece of one needs a piece of the other.
readonly LANE_SYSTEM=(debian-amd64 busybox debian-arm64)
readonly LANE_GO=(go-new go-previous go-old go-new-arm64 dlv gopls dlv-arm64 dlv-old switched warm-arm64)

checksum() { sha256sum | cut -d ' ' -f 1; }

declare -A RECIPE=()
# piece_recipe NAME fills RECIPE[NAME].
piece_recipe() {
  local name=$1 need
  local -a call
  read -ra call <<<"${PIECE[$name]}"
  for need in ${PIECE_NEEDS[$name]-}; do
    [[ -n ${RECIPE[$need]-} ]] || piece_recipe "$need"
  done
  RECIPE[$name]=$({
    echo "${PIECE[$name]}"
    declare -f "${call[0]}"
    for need in ${PIECE_NEEDS[$name]-}; do
      echo "${RECIPE[$need]}"
    done
  } | checksum)
}

piece_current() {
  local have=
  [[ -r $CACHE/$1/.recipe ]] && read -r have <"$CACHE/$1/.recipe"
  [[ $have == "${RECIPE[$1]}" ]]
}

# make_piece NAME makes a piece, and first those it needs, if not current.
make_piece() {
  local name=$1 need start=$SECONDS
  local -a call
  ! piece_current "$name" || return 0
  for need in ${PIECE_NEEDS[$name]-}; do
    make_piece "$need"
  done
  read -ra call <<<"${PIECE[$name]}"
  say "cache: making $name"
  local new=$WORK/$name
  rm -rf "$new"
  mkdir -p "$new"
  # A child shell, so that "set -e" holds inside although the result is tested.
  local rc=0
  (run_piece "$new" "${call[@]}") >"$CACHE/$name.log" 2>&1 9>&- & # own job: see wait
  wait $! || rc=$?
  if ((rc != 0)); then
    tail -n 25 "$CACHE/$name.log" >&2
    die "cannot make $name (log: $CACHE/$name.log)"
  fi
  rm -rf "${CACHE:?}/$name"
  echo "${RECIPE[$name]}" >"$new/.recipe"
  mv "$new" "$CACHE/$name"
  say "cache: made $name ($((SECONDS - start)) s)"
}

run_piece() {
  local out=$1 function=$2
  shift 2
  set -ex
  "$function" "$out" "$@"
}

# make_debian OUT ARCH INCLUDE SUITE: a minimal system as OUT/rootfs.tar.
make_debian() {
  local out=$1 arch=$2 include=$3 suite=$4
  local root=$out/root
  local options=(--arch="$arch" --variant=minbase
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg)
  [[ $include == - ]] || options+=(--include="$include")
  if [[ $arch == "$(dpkg --print-architecture)" ]]; then
    debootstrap "${options[@]}" "$suite" "$root" "$MIRROR"
  else
    debootstrap "${options[@]}" --foreign "$suite" "$root" "$MIRROR"
    chroot "$root" /debootstrap/debootstrap --second-stage
  fi
  # What Debian's slim images leave out, and what a container gets at run time.
  rm -rf "$root"/{var/cache/apt,var/lib/apt/lists,var/log,usr/share/doc,usr/share/man,usr/share/info,usr/share/locale}
  mkdir -p "$root"/var/cache/apt/archives/partial "$root"/var/lib/apt/lists/partial "$root"/var/log
  rm -f "$root"/etc/hostname "$root"/etc/resolv.conf
  tar -C "$root" --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' \
    -cf "$out/rootfs.tar" .
  rm -rf "$root"
}

# make_busybox OUT: a system of one static program as OUT/rootfs.tar.
make_busybox() {
  local out=$1
  local root=$out/root applet
  mkdir -p "$out/deb"
  cd "$out/deb"
  chmod 777 . # apt downloads as its own user
  apt-get download busybox-static || {
    apt-get update
    apt-get download busybox-static
  }
  mkdir -p "$root"/{dev,etc,proc,sys,tmp,root,home,var/tmp,var/log,run,usr/bin,usr/sbin,usr/local/bin,bin,sbin}
  dpkg-deb --fsys-tarfile busybox-static_*.deb | tar -x -C "$root" ./bin/busybox
  while read -r applet; do
    [[ -e $root/$applet ]] || ln -s /bin/busybox "$root/$applet"
  done < <("$root/bin/busybox" --list-full)
  chmod 1777 "$root"/tmp "$root"/var/tmp
  chmod 700 "$root/root"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  echo 'root:*:19000:0:99999:7:::' >"$root/etc/shadow"
  chmod 640 "$root/etc/shadow"
  printf 'ID=busybox\nNAME=busybox\n' >"$root/etc/os-release"
  tar -C "$root" --numeric-owner -cf "$out/rootfs.tar" .
  rm -rf "$root" "$out/deb"
}

# go_clean COMMAND... runs a go command that takes nothing from the caller's
# environment but where modules come from.
go_clean() {
  env -u GOROOT -u GOBIN -u GOOS -u GOARCH -u GOEXPERIMENT \
    GOTOOLCHAIN=local GO111MODULE=on GOWORK=off GOFLAGS=-modcacherw CGO_ENABLED=0 \
    GOPATH="$WORK/gopath" GOMODCACHE="$WORK/gomodcache" GOCACHE="$WORK/gocache" "$@"
}

# make_go OUT VERSION ARCH: a release tree in OUT/go, from the toolchain module,
# which comes through the same proxy as every other module.
make_go() {
  local out=$1 version=$2 arch=$3 line
  cd "$out" # outside any module
  go_clean GOMODCACHE="$out/modcache" go mod download "golang.org/toolchain@v0.0.1-go$version.linux-$arch"
  mv "$out/modcache/golang.org/toolchain@v0.0.1-go$version.linux-$arch" "$out/go"
  rm -rf "$out/modcache"
  # A module's zip keeps no modes and no nested go.mod files; this is how the
  # release archive has them.
  chmod -R u=rwX,go=rX "$out/go"
  chmod 755 "$out"/go/bin/* "$out"/go/pkg/tool/*/*
  find "$out/go" -name _go.mod -execdir mv {} go.mod \;
  grep -rlIZ --max-count=1 '^#!' "$out/go/src" "$out/go/lib" --include='*.bash' --include='*.sh' \
    --include='*.pl' --include='*.rc' --include='*_exec' | xargs -0 chmod 755
  # The tests rely on the defaults that upstream ships.
  for line in GOPROXY=https://proxy.golang.org,direct GOSUMDB=sum.golang.org GOTOOLCHAIN=auto; do
    grep -qx "$line" "$out/go/go.env"
  done
  grep -qx "go$version" "$out/go/VERSION"
}

# make_tool OUT GO-PIECE ARCH PACKAGE VERSION: the program as OUT/<name>.
make_tool() {
  local out=$1 go=$2 arch=$3 package=$4 version=$5
  local gopath=$out/gopath release=$CACHE/$2/go
  cd "$out"
  go_clean GOPATH="$gopath" GOARCH="$arch" "$release/bin/go" install "$package@v$version"
  # Cross-compiled programs land in a folder of their own.
  find "$gopath/bin" -type f -exec mv {} "$out/" \;
  rm -rf "$gopath"
  "$release/bin/go" version -m "$out/${package##*/}" >"$out/version.txt"
  grep -q ": $(head -n 1 "$release/VERSION")\$" "$out/version.txt"
  grep -qP "^\tmod\t\S+\tv$version\t" "$out/version.txt"
  grep -q "GOARCH=$arch\$" "$out/version.txt"
}

# make_buildkit OUT GO-PIECE VERSION: OUT/buildkitd and OUT/buildctl. "go install"
# refuses a module with exclude lines, so that a module of its own builds them.
make_buildkit() {
  local out=$1 go=$CACHE/$2/go/bin/go version=$3 cmd=github.com/moby/buildkit/cmd
  mkdir "$out/src"
  cd "$out/src"
  go_clean "$go" mod init buildkit
  go_clean "$go" get "github.com/moby/buildkit@v$version"
  go_clean "$go" get -tool "$cmd/buildkitd" "$cmd/buildctl"
  go_clean "$go" build -o "$out/" "$cmd/buildkitd" "$cmd/buildctl"
  rm -rf "$out/src"
}

# make_switched OUT GO-PIECE VERSION: OUT/gopath/pkg as the go command leaves it
# when it switches to another toolchain: the module cache, and beside it what
# it knows of the checksum database, which it asks at every switch.
make_switched() {
  local out=$1 go=$CACHE/$2/go/bin/go version=$3
  cd "$out"
  # No GOFLAGS: the modes in the module cache are part of the case.
  local call=(env -u GOMODCACHE GOFLAGS= GOPATH="$out/gopath" GOSUMDB=sum.golang.org
    GOTOOLCHAIN="go$version" "$go" version)
  go_clean "${call[@]}" | grep " go$version "
  # The tests switch without any network.
  go_clean unshare --net env GOPROXY=off "${call[@]}" | grep " go$version "
}

# make_warm OUT GO-PIECE ARCH: a build cache OUT/go-build with the standard
# library compiled for debugging, so that emulated builds only link.
make_warm() {
  local out=$1 go=$CACHE/$2/go/bin/go arch=$3
  mkdir "$out/src"
  cd "$out/src"
  cat >go.mod <<EOF
module warm

go 1.26
EOF
  cat >main.go <<'EOF'
package main

import (
	"errors"
	"os"
)

func main() {
	if errors.Is(os.ErrExist, os.ErrNotExist) {
		os.Exit(1)
	}
}
EOF
  cat >main_test.go <<'EOF'
package main

import "testing"

func TestMain1(t *testing.T) { main() }
EOF
  go_clean GOCACHE="$out/go-build" GOARCH="$arch" "$go" build -gcflags='all=-N -l' -o /dev/null .
  go_clean GOCACHE="$out/go-build" GOARCH="$arch" "$go" test -c -gcflags='all=-N -l' -o /dev/null .
  rm -rf "$out/src"
}

# --- images ------------------------------------------------------------------
#
# An image is a folder of test/images with a Dockerfile, a function that puts
# pieces beside it, and the images and pieces it is made from. Its recipe, the
# checksum of all that, is kept in a label.

readonly IMAGES=(
  "dcv/debian:bookworm"
  "golang:1.26-bookworm"
  "golang:1.25-bookworm"
  "dcv/go:1.26"
  "dcv/go-olddlv:1.26"
  "mcr.microsoft.com/devcontainers/go:2-1.26-bookworm"
  "dcv/go-feature:1.25"
  "dcv/busybox-go:1.26"
  "dcv/go-arm64:1.26"
)
declare -A IMAGE_CALL=(
  ["dcv/debian:bookworm"]="fill_debian debian"
  ["golang:1.26-bookworm"]="fill_golang golang go-new"
  ["golang:1.25-bookworm"]="fill_golang golang go-previous"
  ["dcv/go:1.26"]="fill_go go"
  ["dcv/go-olddlv:1.26"]="fill_go_olddlv go-olddlv"
  ["mcr.microsoft.com/devcontainers/go:2-1.26-bookworm"]="fill_devcontainers_go devcontainers-go"
  ["dcv/go-feature:1.25"]="fill_go_feature go-feature"
  ["dcv/busybox-go:1.26"]="fill_busybox_go busybox-go"
  ["dcv/go-arm64:1.26"]="fill_go_arm64 go-arm64"
)
declare -A IMAGE_BASE=(
  ["golang:1.26-bookworm"]="dcv/debian:bookworm"
  ["golang:1.25-bookworm"]="dcv/debian:bookworm"
  ["dcv/go:1.26"]="golang:1.26-bookworm"
  ["dcv/go-olddlv:1.26"]="golang:1.26-bookworm"
  ["mcr.microsoft.com/devcontainers/go:2-1.26-bookworm"]="golang:1.26-bookworm"
  ["dcv/go-feature:1.25"]="dcv/debian:bookworm"
  ["dcv/busybox-go:1.26"]="golang:1.26-bookworm"
)
declare -A IMAGE_PIECES=(
  ["dcv/debian:bookworm"]="debian-amd64"
  ["golang:1.26-bookworm"]="go-new"
  ["golang:1.25-bookworm"]="go-previous"
  ["dcv/go:1.26"]="go-previous dlv gopls"
  ["dcv/go-olddlv:1.26"]="dlv-old"
  ["mcr.microsoft.com/devcontainers/go:2-1.26-bookworm"]="dlv gopls"
  ["dcv/go-feature:1.25"]="go-previous dlv gopls switched"
  ["dcv/busybox-go:1.26"]="busybox dlv"
  ["dcv/go-arm64:1.26"]="debian-arm64 go-new-arm64 dlv-arm64 warm-arm64"
)
declare -A IMAGE_PLATFORM=(
  ["dcv/go-arm64:1.26"]=linux/arm64
)

image_recipe() {
  local image=$1 piece
  local -a call
  read -ra call <<<"${IMAGE_CALL[$image]}"
  RECIPE[$image]=$({
    echo "$image ${IMAGE_CALL[$image]} ${IMAGE_PLATFORM[$image]-}"
    declare -f "${call[0]}" make_image
    [[ -z ${IMAGE_BASE[$image]-} ]] || echo "${RECIPE[${IMAGE_BASE[$image]}]}"
    for piece in ${IMAGE_PIECES[$image]}; do
      echo "${RECIPE[$piece]}"
    done
    cat "$IMAGE_FILES/${call[1]}"/*
  } | checksum)
}

# The fill functions complete the build context in the current folder. Trees go
# in as archives: the builder is far quicker with one file than with 15,000.

fill_debian() { ln "$CACHE/debian-amd64/rootfs.tar" .; }

fill_golang() { tar -C "$CACHE/$1" --numeric-owner -cf go.tar go; }

fill_go() {
  mkdir bin
  ln "$CACHE/dlv/dlv" "$CACHE/gopls/gopls" bin/
  tar -C "$CACHE/go-previous" --numeric-owner --transform "s,^go,go$GO_PREVIOUS," -cf other-go.tar go
}

fill_go_olddlv() {
  mkdir bin
  ln "$CACHE/dlv-old/dlv" bin/
}

fill_devcontainers_go() {
  mkdir bin
  ln "$CACHE/dlv/dlv" "$CACHE/gopls/gopls" bin/
}

fill_go_feature() {
  # Real copies: owners and modes change.
  local vscode=1000 golang=999
  mkdir -p overlay/usr/local overlay/go/bin overlay/go/pkg overlay/etc/profile.d
  cp -a "$CACHE/go-previous/go" overlay/usr/local/go
  cp "$CACHE/dlv/dlv" "$CACHE/gopls/gopls" overlay/go/bin/
  chown -R $vscode:$golang overlay/usr/local/go overlay/go
  chmod -R g+rw overlay/usr/local/go overlay/go
  find overlay/usr/local/go overlay/go -type d -exec chmod g+s {} +
  # Downloaded later by the user, so with the modes the go command gave.
  cp -a "$CACHE"/switched/gopath/pkg/* overlay/go/pkg/
  chown -R $vscode:$golang overlay/go/pkg
  find overlay/go/pkg -type d -exec chmod g+s {} +
  install -m 755 00-restore-env.sh overlay/etc/profile.d/
  tar -C overlay --numeric-owner -cf overlay.tar etc/profile.d/00-restore-env.sh usr/local/go go
  rm -rf overlay
}

fill_busybox_go() {
  ln "$CACHE/busybox/rootfs.tar" .
  mkdir bin
  ln "$CACHE/dlv/dlv" bin/
}

fill_go_arm64() {
  ln "$CACHE/debian-arm64/rootfs.tar" .
  mkdir -p overlay/usr/local overlay/go/bin overlay/go/src overlay/root/.cache
  chmod 700 overlay/root
  cp -al "$CACHE/go-new-arm64/go" overlay/usr/local/go
  ln "$CACHE/dlv-arm64/dlv" overlay/go/bin/
  cp -al "$CACHE/warm-arm64/go-build" overlay/root/.cache/go-build
  chmod 1777 overlay/go overlay/go/bin overlay/go/src
  tar -C overlay --numeric-owner --hard-dereference -cf overlay.tar usr/local/go go root
  rm -rf overlay
}

make_image() {
  local image=$1 start=$SECONDS version=$GO_NEW context=$WORK/context
  local -a call options=()
  read -ra call <<<"${IMAGE_CALL[$image]}"
  [[ $image != golang:1.25-* ]] || version=$GO_PREVIOUS
  [[ -z ${IMAGE_PLATFORM[$image]-} ]] || options+=(--platform "${IMAGE_PLATFORM[$image]}")
  ! grep -q '^ARG GO_VERSION' "$IMAGE_FILES/${call[1]}/Dockerfile" ||
    options+=(--build-arg "GO_VERSION=$version")
  say "image: making $image"
  rm -rf "$context"
  mkdir -p "$context"
  cp "$IMAGE_FILES/${call[1]}"/* "$context/"
  (cd "$context" && "${call[0]}" "${call[@]:2}") || die "cannot fill the build context of $image"
  # --no-cache: a changed recipe is a changed image, and a layer of a former
  # build is never what is wanted here.
  run_logged "$CACHE/image.log" docker build --no-cache --force-rm --network none "${options[@]}" \
    --label "$RECIPE_LABEL=${RECIPE[$image]}" --tag "$image" "$context" ||
    die "cannot build $image (log: $CACHE/image.log)"
  rm -rf "$context"
  say "image: made $image ($((SECONDS - start)) s)"
}

setup_images() {
  local piece image reference recipe pid failed=
  local -A have=()
  local -a stale=() lane_system=() lane_go=()
  for piece in "${!PIECE[@]}"; do
    piece_recipe "$piece"
  done
  while read -r recipe reference; do
    have[$reference]=$recipe
  done < <(docker image ls --filter "label=$RECIPE_LABEL" --quiet --no-trunc | sort -u |
    xargs -r docker image inspect --format \
      "{{range .RepoTags}}{{index \$.Config.Labels \"$RECIPE_LABEL\"}} {{println .}}{{end}}" | sed '/^$/d')
  for image in "${IMAGES[@]}"; do
    image_recipe "$image"
    [[ ${have[$image]-} == "${RECIPE[$image]}" ]] || stale+=("$image")
  done
  if ((${#stale[@]} == 0)); then
    say "images: ${#IMAGES[@]} in place"
    return
  fi

  # Only what the stale images are made from.
  local -A wanted=()
  for image in "${stale[@]}"; do
    for piece in ${IMAGE_PIECES[$image]}; do
      piece_current "$piece" || wanted[$piece]=1
    done
  done
  for piece in "${LANE_SYSTEM[@]}"; do [[ -z ${wanted[$piece]-} ]] || lane_system+=("$piece"); done
  for piece in "${LANE_GO[@]}"; do [[ -z ${wanted[$piece]-} ]] || lane_go+=("$piece"); done
  if ((${#lane_go[@]} > 0)); then
    command -v go >/dev/null || die "go is missing; it is needed to get Go releases and tools"
  fi
  rm -rf "$WORK"
  mkdir -p "$WORK"
  make_lane "${lane_system[@]}" &
  pid=$!
  make_lane "${lane_go[@]}" || failed=yes
  wait "$pid" || failed=yes
  [[ -z $failed ]] || exit 1

  for image in "${stale[@]}"; do
    make_image "$image"
  done
  rm -rf "$WORK"
  say "images: ${#stale[@]} made, $((${#IMAGES[@]} - ${#stale[@]})) in place"
}

# A subshell, so that a failure ends the lane and not the other one.
make_lane() (
  for piece in "$@"; do
    make_piece "$piece"
  done
)

# The builder that predictions of Dockerfiles are held against; no image needs it.
setup_buildkit() {
  piece_recipe buildkit
  make_piece buildkit
  rm -rf "$WORK"
  say "buildkit: $BUILDKIT"
}

main() {
  [[ $(id -u) == 0 ]] || die "must run as root"
  [[ $(dpkg --print-architecture 2>/dev/null) == amd64 ]] || die "needs a Debian machine on amd64"
  mkdir -p "$CACHE"
  # Test programs of several packages may call this at the same time.
  exec 9>"$CACHE/lock"
  flock 9
  setup_packages
  setup_cli
  setup_engine
  setup_emulation
  setup_images
  setup_buildkit
  say "ready (${SECONDS} s)"
}

main "$@"
