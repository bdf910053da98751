#!/usr/bin/env bash
# Makes Berth a contender of a gateway benchmark.
#
#   ours.sh            serves on 127.0.0.1:$PORT until it is stopped, in front of
#                      $UPSTREAM_PORT, with files of $STATIC_DIR below /static/ and
#                      the object server of $OBJECT_PORT for internal redirects
#   ours.sh --cookie   prints NAME=VALUE of the cookie the requests need
#   ours.sh --check    builds it, starts it, and proves that it lets in whom it should
#
# BERTH_BENCH_DIR keeps the binary, the keys and the directory of users between
# calls, so that a cookie can be had before the server starts. BERTH_BIN is a
# binary to use as it is. BERTH_BENCH_ACCESS_LOG=true writes a line per request.
# BERTH_BENCH_ADMIN_PORT is where its metrics are; any free port without it.
# SESSION_KEY and SESSION_COOKIE are not used: Berth has its own cookie.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
dir=${BERTH_BENCH_DIR:-${TMPDIR:-/tmp}/berth-bench-$(id -u)}

# The directory holds keys: it is ours alone, or nothing is put there.
private_dir() {
  (umask 077 && mkdir -p "$dir")
  if [ ! -O "$dir" ] || [ -L "$dir" ]; then
    echo "ours.sh: $dir belongs to somebody else" >&2
    exit 1
  fi
}

binary() {
  if [ -n "${BERTH_BIN:-}" ]; then
    berth=$BERTH_BIN
    return
  fi
  berth=$dir/berth
  if [ "${1:-}" = build ] || [ ! -x "$berth" ]; then
    (cd "$root" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$berth" ./cmd/berth)
  fi
}

# manifest NAME writes a manifest into a directory of that name and sets conf.
manifest() {
  conf=$dir/$1
  mkdir -p "$conf"
  sed -e "s|@PORT@|${PORT:-0}|" -e "s|@UPSTREAM_PORT@|${UPSTREAM_PORT:-9}|" \
    -e "s|@STATIC_DIR@|${STATIC_DIR:-$conf}|" -e "s|@OBJECT_PORT@|${OBJECT_PORT:-9}|" \
    -e "s|@ACCESS_LOG@|${BERTH_BENCH_ACCESS_LOG:-false}|" \
    "$here/berth.yaml.tmpl" >"$conf/berth.yaml"
}

# people makes the user of the benchmark, once.
people() {
  if "$berth" user show dana@example.org "$@" >/dev/null 2>&1; then
    return
  fi
  "$berth" tenant add acme "$@" >/dev/null
  "$berth" user add dana@example.org --name Dana --generate-password "$@" >/dev/null
  "$berth" role grant dana@example.org staff acme "$@" >/dev/null
  "$berth" role grant dana@example.org manager acme "$@" >/dev/null
}

cookie() {
  manifest seal
  local at=(--file "$conf" --data "$dir/data")
  people "${at[@]}" >&2
  "$berth" session seal dana@example.org "${at[@]}"
}

check() {
  dir=$(mktemp -d)
  trap 'kill $upstream $gateway 2>/dev/null; wait $upstream $gateway 2>/dev/null; rm -rf "$dir"' EXIT
  upstream="" gateway=""
  binary build
  (cd "$root" && go build -o "$dir/bench" ./bench/gateway)
  "$dir/bench" upstream >"$dir/upstream.out" &
  upstream=$!
  UPSTREAM_PORT=$(first_line "$dir/upstream.out" "$upstream")
  local good forged url
  good=$(cookie)
  forged=${good:0:${#good}-8}AAAAAAAA
  manifest serve
  "$berth" gateway "$conf" --data "$dir/data" --json >"$dir/ready.out" 2>"$dir/log" &
  gateway=$!
  url=$(first_line "$dir/ready.out" "$gateway" | sed -n 's/.*"url":"\([^"]*\)".*/\1/p')
  expect 200 "$url" -H "Cookie: $good"
  expect 401 "$url"
  expect 401 "$url" -H "Cookie: $forged"
  echo "ours.sh: 200 with the cookie, 401 without it and with a forged one"
}

# first_line FILE PID waits for a program to write its first line.
first_line() {
  local line
  for _ in $(seq 400); do
    if IFS= read -r line <"$1"; then
      printf '%s\n' "$line"
      return
    fi
    kill -0 "$2" 2>/dev/null || break
    sleep 0.05
  done
  echo "ours.sh: nothing came from $1" >&2
  cat "$dir"/log >&2 2>/dev/null || true
  exit 1
}

# expect STATUS URL [CURL ARGUMENTS]
expect() {
  local want=$1 url=$2 got
  shift 2
  got=$(curl -sS -o /dev/null -w '%{http_code}' --max-time 10 "$@" "$url/api/orgs/acme/projects/42")
  if [ "$got" != "$want" ]; then
    echo "ours.sh: answered $got, not $want" >&2
    exit 1
  fi
}

case ${1:-} in
--check)
  check
  ;;
--cookie)
  private_dir
  binary build
  cookie
  ;;
"")
  : "${PORT:?}" "${UPSTREAM_PORT:?}" "${STATIC_DIR:?}" "${OBJECT_PORT:?}"
  private_dir
  binary
  manifest "serve-$PORT"
  if [ ! -e "$dir/data" ]; then cookie >/dev/null; fi
  exec "$berth" gateway "$conf" --data "$dir/data" --admin "127.0.0.1:${BERTH_BENCH_ADMIN_PORT:-0}"
  ;;
*)
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
  ;;
esac
