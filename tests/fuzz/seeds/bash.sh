#!/bin/bash
f() {
  local a=$1
  if [ -z "$a" ]; then echo "x $(b)"; elif c; then d; else e; fi
  for i in 1 2; do g; done
  while read -r l; do h; done < f
  case $a in x) y;; esac
  cat <<E
t
E
}
