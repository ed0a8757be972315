#!/bin/sh
# Makes the recordings of synthetic speech in this folder. Needs espeak-ng, sox and ffmpeg.
#
# The outputs are committed: run this only to change them, for speech synthesis differs a little
# from one version of espeak-ng to the next.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { espeak-ng -v en-us -s 165 -a 90 -w "$work/$1" "$2"; }

say ulaw.wav "Hello, this is Maria from the print shop. Your order of five hundred brochures \
is ready and can be picked up tomorrow between nine and five."
say wav49.wav "Good morning, this is a message for the billing department. Please send the \
invoice for October once more, by fax. Thank you and good bye."
say pcm.wav "Hi, it is Tom. I am running ten minutes late, please start the meeting without me."

# Telephone band, 8 kHz, half a second of silence before and after.
telephone() { # input, output, sox options of the output
    in=$1 out=$2
    shift 2
    sox "$in" "$@" "$out" gain -3 rate 8000 sinc 300-3400 gain -n -6 pad 0.5 0.5
}

telephone "$work/pcm.wav" voicemail-pcm.wav -b 16 -e signed-integer
telephone "$work/ulaw.wav" voicemail-ulaw.wav -e u-law
telephone "$work/wav49.wav" "$work/wav49-pcm.wav" -b 16 -e signed-integer
ffmpeg -nostdin -v error -y -i "$work/wav49-pcm.wav" -bitexact -c:a libgsm_ms voicemail-wav49.wav
ffmpeg -nostdin -v error -y -i "$work/wav49-pcm.wav" -c:a libgsm -f gsm voicemail.gsm
