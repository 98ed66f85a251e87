#!/bin/sh
# The program at PROGRAM, with faults that the names of targets ask for.
case " $* " in *' --partial '*) ;; *) exec 'PROGRAM' "$@" ;; esac
input=$(cat)
names=$(printf '%s\n' "$input" | sed -n 's/.*"name": *"\([^"]*\)".*/\1/p')
case "$input" in *'"missing"'*) names= ;; esac
case "$names" in
*hang*) sleep 600 ;;
*bus*) kill -BUS $$ ;;
*memory*) kill -KILL $$ ;;
*slow*) sleep 3 ;;
esac
printf '%s\n' "$input" | 'PROGRAM' "$@"
