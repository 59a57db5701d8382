# What tools/demo and tools/tour talk with; to be sourced.

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n%s\n' "$*"; }

# Prints a command as the reader would type it, then runs it with $pawl.
show() {
  local word line='$'
  for word in "$@"; do
    case $word in
      *[\ \"\']*) line+=" \"$word\"" ;;
      *) line+=" $word" ;;
    esac
  done
  printf '%s\n' "$line"
  "$pawl" "${@:2}"
}
