#!/usr/bin/env bash
# What faults.txt runs of 04-pool/digits with a directory: it makes files there, and then counts what is in
# them. Ends with the status of the run that has failed; if that is the first one, nothing may be there.
set -u

digits=${0%/*}/../../04-pool/digits
"$digits" -g made -n 3 -l 5 || exit
"$digits" made
status=$?
rm -r made
exit "$status"
