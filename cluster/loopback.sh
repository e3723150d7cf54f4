#!/usr/bin/env bash
# Proof that `ray up`, `ray submit` and `ray job submit` run the grid to its table: on this machine, over ssh on
# 127.0.0.1, with throw-away keys and a throw-away home. Touches no other Ray. Needs openssh-server and rsync.
#   cluster/loopback.sh [folder for the results]
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
bin=${STAGEGRID_BIN:-$project/.venv/bin}
for program in /usr/sbin/sshd rsync ssh-keygen; do
  command -v "$program" >/dev/null || { echo "$program is missing: apt-get install openssh-server rsync" >&2; exit 3; }
done
work=$(mktemp -d /tmp/sgl.XXXX)
out=${1:-$work/results}

finish() { # end what was started here, by the folder's name on its command line, and nothing else
  for kind in TERM TERM KILL; do
    pids=$(pgrep -f "$work/" | grep -vx $$ || true)
    [ -z "$pids" ] && break
    kill -s "$kind" $pids 2>/dev/null || true
    sleep 2
  done
  rm -rf "$work"
}
trap finish EXIT

free_port() { "$bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port) page=$(free_port)

# --- a machine of its own: keys, sshd, home ---------------------------------------------------------------
umask 077
mkdir -p "$work/keys" "$work/home" "$work/shim" /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$work/keys/id"
ssh-keygen -q -t ed25519 -N '' -f "$work/keys/host"
cp "$work/keys/id.pub" "$work/keys/authorized"
"$bin/python" -c 'import secrets; print(secrets.token_hex(32), end="")' >"$work/token"
cat >"$work/sshd_config" <<END
HostKey $work/keys/host
AuthorizedKeysFile $work/keys/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv HOME=$work/home
END
cat >"$work/shim/ray" <<END
#!/bin/sh
if [ "\$1" = stop ]; then echo "ray stop is refused here" >&2; exit 1; fi
exec "$bin/ray" "\$@"
END
chmod +x "$work/shim/ray"
cat >"$work/environment" <<END
export PATH=$work/shim:$bin:\$PATH RAY_USAGE_STATS_ENABLED=0
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$work/token RAY_ADDRESS=127.0.0.1:$port
END
cp "$work/environment" "$work/home/.bashrc"
sed -e "s|USER|$(id -un)|; s|WORK|$work|g; s|PROJECT|$project|; s|PORT|$port|; s|PAGE|$page|" \
  "$project/cluster/loopback.yaml" | grep -v '^#' >"$work/cluster.yaml"

# --- the three ways -----------------------------------------------------------------------------------------
. "$work/environment"
export HOME="$work/home"
one_row="activations={sigmoid: {}}"
echo "== ray up"
ray up -y --no-config-cache "$work/cluster.yaml"
echo "== ray submit"
ray submit --no-config-cache "$work/cluster.yaml" "$project/orchestrator/grid.py" -- \
  --config "$work/home/configs/smoke.yaml" --out "$out/submit" --set "'$one_row'"
test -s "$out/submit/report/tables/table1.csv"
echo "== ray job submit"
ray job submit --address "http://127.0.0.1:$page" -- \
  stagegrid run --config "$work/home/configs/smoke.yaml" --out "$out/job" --set "$one_row"
test -s "$out/job/report/tables/table1.csv"
cmp "$out/submit/report/tables/table1.csv" "$out/job/report/tables/table1.csv"
echo "== both ways gave the same table"
