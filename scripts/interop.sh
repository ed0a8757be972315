#!/bin/bash
# Faxes of two pages to and from an independent Asterisk on loopback, packets judged by tshark.
#   ASTERISK_LAB=dir   the lab's scripts (default: ../shared/asterisk beside the checkout)
#   FAXMILL=program    the faxmill to judge (default: the release build if there is one,
#                      else a debug build)
# Needs tshark (and the right to capture on lo), libtiff-tools, python3; the lab fetches Asterisk's
# Debian packages once into .cache/asterisk and needs no root for it.
set -euo pipefail
cd "$(dirname "$0")/.."

lab_source=$(realpath -m "${ASTERISK_LAB:-../shared/asterisk}")
lab=$PWD/.cache/asterisk
work=$PWD/.cache/interop
instance=judge
sip_port=5170 # AMI, RTP and UDPTL ports follow from it, see the lab's start.sh
ami_port=5048
receive_port=${FAXMILL_INTEROP_PORT:-5199}

fail() { echo "interop: $*" >&2; exit 1; }

need() {
    for program; do
        command -v "$program" >/dev/null || fail "$program is missing: apt-get install tshark libtiff-tools python3"
    done
}

prepare() {
    need tshark dumpcap editcap tiffcp tiffcmp python3
    [ -x "$lab_source/setup.sh" ] || fail "no Asterisk lab at $lab_source: set ASTERISK_LAB"
    mkdir -p "$lab"
    cp -r "$lab_source/." "$lab/"
    [ -x "$lab/asterisk" ] || (echo "fetching Asterisk (once) ..."; cd "$lab" && ./setup.sh) || fail "the lab's setup.sh failed"
    if [ -z "${FAXMILL:-}" ] && [ -x target/release/faxmill ]; then
        FAXMILL=$PWD/target/release/faxmill
    elif [ -z "${FAXMILL:-}" ]; then
        cargo build --quiet --bin faxmill
        FAXMILL=$PWD/target/debug/faxmill
    fi
    rm -rf "$work"
    mkdir -p "$work"
    # Two different pages of the lab's own test fax.
    tiffcp "$lab/tiff/send3.tif,0" "$lab/tiff/one.tif,0" "$work/two.tiff"
}

stop() {
    local status=$?
    trap - EXIT INT TERM
    for process in "${capture:-}" "${receiver:-}"; do
        [ -z "$process" ] || kill "$process" 2>/dev/null || true
    done
    (cd "$lab" && ./stop.sh "$instance") >/dev/null 2>&1 || true
    exit "$status"
}

start_capture() {
    dumpcap -q -i lo -f udp -w "$work/calls.pcapng" 2>"$work/dumpcap.log" &
    capture=$!
    for _ in $(seq 50); do
        [ -s "$work/calls.pcapng" ] && return
        kill -0 "$capture" 2>/dev/null || fail "cannot capture on lo: $(tail -1 "$work/dumpcap.log")"
        sleep 0.1
    done
    fail "the capture did not start"
}

rows=""
failures=0
row() { # what, result, verdict
    rows+=$(printf '%-34s %-34s %s' "$1" "$2" "$3")$'\n'
    [ "$3" = ok ] || failures=$((failures + 1))
}

compare() { # what, sent, received
    local pixels
    [ -s "$3" ] || { row "$1" "nothing was received" FAILED; return; }
    if pixels=$(python3 "$lab/tiffpix.py" "$2" "$3" 2>&1); then
        row "$1" "$(grep -c 'differing pixels 0 of' <<<"$pixels") pages, 0 differing pixels" ok
    else
        row "$1" "pages differ" FAILED
        echo "$pixels" >&2
    fi
}

# Faxmill calls Asterisk: 100 speaks redundancy, 200 FEC, 106 is deaf for the first 8 s.
send_to() { # number
    local name=send-$1
    "$FAXMILL" send "$work/two.tiff" --to "sip:$1@127.0.0.1:$sip_port" --header none --json \
        >"$work/$name.json" 2>"$work/$name.log"
}

# Asterisk calls Faxmill.
receive_from_asterisk() {
    mkdir -p "$work/received"
    "$FAXMILL" receive --bind "127.0.0.1:$receive_port" --out "$work/received" --once --json \
        >"$work/receive.json" 2>"$work/receive.log" &
    receiver=$!
    for _ in $(seq 50); do # until it listens
        [ -n "$(ss -Hlun "sport = :$receive_port" 2>/dev/null)" ] && break
        kill -0 "$receiver" 2>/dev/null || fail "faxmill receive ended: $(tail -1 "$work/receive.log")"
        sleep 0.1
    done
    python3 "$lab/send.py" "$ami_port" "PJSIP/peer-red/sip:77@127.0.0.1:$receive_port" \
        "$work/two.tiff" >"$work/asterisk-send.log"
    wait "$receiver" || row "faxmill receive" "exit $?, see receive.log" FAILED
    receiver=""
}

judge_packets() {
    local count malformed
    # A datagram that ends a signal is sent three times under one sequence number; tshark takes the
    # copies for the end of a signal without data. So each datagram is judged once (bytes 0-33 are
    # Ethernet and IP, which differ between copies).
    editcap -D 50 -I 34 "$work/calls.pcapng" "$work/once.pcapng" 2>>"$work/tshark.log"
    tshark -r "$work/once.pcapng" -Y t38 -T fields -e frame.number >"$work/t38.txt" 2>>"$work/tshark.log"
    count=$(wc -l <"$work/t38.txt")
    malformed=$(tshark -r "$work/once.pcapng" -Y '_ws.malformed && (t38 || sip || sdp)' \
        -T fields -e frame.number 2>/dev/null | wc -l)
    if [ "$count" -gt 1000 ] && [ "$malformed" = 0 ]; then
        row "tshark" "$count T.38 packets, 0 malformed" ok
    else
        row "tshark" "$count T.38 packets, $malformed malformed" FAILED
    fi
}

prepare
trap stop EXIT INT TERM
(cd "$lab" && ./stop.sh "$instance" >/dev/null 2>&1 || true; ./start.sh "$instance" "$sip_port")
start_capture
declare -A calls
for number in 100 200 106; do
    send_to "$number" & calls[$number]=$!
done
receive_from_asterisk
for number in 100 200 106; do
    wait "${calls[$number]}" || row "faxmill send to $number" "exit $?, see send-$number.log" FAILED
done
sleep 1 # the last packets reach the capture
kill -INT "$capture" && wait "$capture" || true
capture=""

spool=$lab/inst/$instance/var/spool/rx
for number in 100 200 106; do
    newest=$(find "$spool" -name "$number-*.tif" -newer "$work/two.tiff" | sort | tail -1)
    compare "faxmill -> asterisk $number" "$work/two.tiff" "${newest:-/nonexistent}"
done
received=$(find "$work/received" -name '*.tif*' | sort | tail -1)
compare "asterisk -> faxmill" "$work/two.tiff" "${received:-/nonexistent}"
judge_packets
echo "$rows"
[ "$failures" = 0 ] || fail "$failures of the rows above failed; logs lie in $work"
