#!/usr/bin/env bash
# Proof that the documents' lines for a cluster, and `ray job submit`, run the grid to its table: on this machine, over ssh
# on 127.0.0.1, with throw-away keys and a throw-away home. Touches no other Ray. Needs openssh-server, rsync, tmux.
#   cluster/loopback.sh [folder for the results]
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
bin=${STAGEGRID_BIN:-$project/.venv/bin}
for program in /usr/sbin/sshd rsync ssh-keygen tmux; do
  command -v "$program" >/dev/null || { echo "$program is missing: apt-get install openssh-server rsync tmux" >&2; exit 3; }
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
if [ "\$1" = stop ]; then # of this cluster alone, not of the machine
  pkill -f "$work/r/"; sleep 2; pkill -KILL -f "$work/r/"; exit 0
fi
exec "$bin/ray" "\$@"
END
chmod +x "$work/shim/ray"
cat >"$work/environment" <<END
export PATH=$work/shim:$bin:\$PATH RAY_USAGE_STATS_ENABLED=0
export TMUX_TMPDIR=$work RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$work/token RAY_ADDRESS=127.0.0.1:$port
END
cp "$work/environment" "$work/home/.bashrc"
sed -e "s|USER|$(id -un)|; s|WORK|$work|g; s|PROJECT|$project|; s|PORT|$port|; s|PAGE|$page|; s|RESULTS|$out|" \
  "$project/cluster/loopback.yaml" | grep -v '^#' >"$work/cluster.yaml"

# --- the documents' lines, for this cluster -------------------------------------------------------------------
. "$work/environment"
export HOME="$work/home"
one_row="activations={sigmoid: {}}"
# the same experiment as a file, for the line that names none
sed '/^activations:/,/^$/c activations: {sigmoid: {}}\n' "$project/configs/smoke.yaml" >"$work/one_row.yaml"
as_written() { # the documents' line that begins with $1 (a pattern); results go to $2, what follows is added
  local line start=$1 folder=$2 && shift 2
  line=$(grep -hm1 -- "^$start" "$project/README.md" "$project/docs/cluster.md") || { echo "no line $start" >&2; exit 1; }
  line=${line%%$'\n'*}
  line=$(sed "s|cluster/gpu.yaml|$work/cluster.yaml|; s|configs/paper.yaml|configs/smoke.yaml|
    s|/mnt/data/FSDKaggle2019|$work/data|; s|s3://YOUR-BUCKET/paper|$out/$folder|" <<<"$line")
  echo "== $line $*"
  (cd "$project" && eval "$line $*")
}
stagegrid synth "$work/data" --classes 4 --verified 16 --unverified 24 --test 16
as_written "ray up" .
as_written "stagegrid submit" submit --set "'$one_row'"
as_written "stagegrid status" submit
as_written "ray submit.*grid.py -- " foreground --set "\"'$one_row'\""
as_written "ray submit.*grid.py$" unasked
echo "== ray job submit"
ray job submit --address "http://127.0.0.1:$page" -- stagegrid run --config "$work/home/stagegrid/configs/smoke.yaml" \
  --data "$work/data" --out "$out/job" --set "$one_row"
for way in foreground unasked job; do
  cmp "$out/submit/report/tables/table1.csv" "$out/$way/report/tables/table1.csv"
done
as_written "ray down" .
! pgrep -f "$work/r/.*gcs_server|gcs_server.*$work/r/" || { echo "ray down left the head running" >&2; exit 1; }
echo "== all ways gave the same table"
