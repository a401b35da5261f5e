# Sourced by tests/run, examples/run and .ci/run: everything between a fresh Debian 12 and a finished build.
# Sets `root`; the functions say what they do and end the script on failure.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${BULKHEAD_BUILD_DIR:-$root/build}
[[ $build == /* ]] || build=$PWD/$build
jobs=$(nproc)

say() { printf '\n== %s\n' "$*"; }

# missing_packages GROUP...: those of the groups that are not installed, one a line.
missing_packages() {
  local group package
  while read -r group package; do
    [[ " $* " == *" $group "* ]] || continue
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done < <(grep -v '^#' "$root/tests/setup/packages.txt")
}

# require_packages GROUP...: installs what is missing, or says what to install and exits with 2.
require_packages() {
  command -v dpkg-query >/dev/null || { echo "Not a Debian system: relying on what is installed." && return; }
  local missing sudo=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    if ! sudo -n true 2>/dev/null; then
      printf 'These packages are missing: %s\nAs root, run:\n  apt-get update && apt-get install -y %s\n' \
        "${missing[*]}" "${missing[*]}" >&2
      exit 2
    fi
    sudo=(sudo -n)
  fi
  say "installing ${missing[*]}"
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q)
  "${apt[@]}" update
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
}

# configure DIRECTORY [OPTION...]: CMake, in Release unless the options say otherwise; an existing cache is kept.
configure() {
  local directory=$1 first=()
  shift
  if [[ ! -f $directory/CMakeCache.txt ]]; then
    command -v ninja >/dev/null && first+=(-G Ninja)
    command -v ccache >/dev/null && first+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    first+=(-DCMAKE_BUILD_TYPE=Release)
  fi
  say "configuring $directory"
  cmake -S "$root" -B "$directory" "${first[@]}" "$@"
}

# build_tree DIRECTORY [TARGET...]
build_tree() {
  local directory=$1
  shift
  say "building $directory with $jobs jobs"
  NINJA_STATUS='[%f/%t %es] ' cmake --build "$directory" --parallel "$jobs" ${1:+--target "$@"}
}
