import { quotePosix } from '../../lib/quote-posix.ts';

/** Bytes of one piece of an upload: the instance answers each, and what it has whole survives a cut. */
export const pieceSize = 4 * 1024 * 1024;

/**
 * The first line of the conversation, and all that AWS sees of it: a terminal in between must change no byte, and what
 * follows comes as base64 in lines, ended by a dot. Names are not in it.
 */
export const bootstrap = [
  'LC_ALL=C; export LC_ALL; PATH=$PATH:/usr/local/bin:/usr/bin:/bin',
  "if [ -t 0 ] && ! stty raw -echo 2>/dev/null; then echo ':missing stty'; exit 1; fi",
  "unit() { sed -n '/^\\.$/q;p'; }",
  'if [ "$(echo Zg== | base64 -d 2>/dev/null)" = f ]; then enc() { base64; }; dec() { base64 -d; }',
  'elif [ "$(echo Zg== | openssl base64 -d 2>/dev/null)" = f ]; then enc() { openssl base64; }; dec() { openssl base64 -d; }',
  "else echo ':missing base64 or openssl'; exit 1; fi",
  "echo ':forge'",
  'eval "$(unit | dec)"',
].join('\n');

/**
 * What the instance runs: POSIX sh with sed, dd's kin and a SHA-256 of whatever name. It obeys one request after the
 * other. Lines that begin with a colon are its answers, all others are base64 of a file.
 *
 * What is uploaded is gathered in a part beside its final name, in pieces that are added only when they came whole: a
 * session that was left behind and ends much later adds nothing to a file that has meanwhile been completed.
 *
 * Whoever ends a session kills this shell hard, and no trap runs then: its folder stands, named for its process, and the next
 * copy of the same user takes away those whose process is gone.
 */
const program = `
if [ "$(printf f | sha256sum 2>/dev/null | cut -c1-8)" = 252f10c8 ]; then sum() { sha256sum | cut -c1-64; }
elif [ "$(printf f | shasum -a 256 2>/dev/null | cut -c1-8)" = 252f10c8 ]; then sum() { shasum -a 256 | cut -c1-64; }
elif [ "$(printf f | openssl dgst -sha256 2>/dev/null | sed 's/.*= *//' | cut -c1-8)" = 252f10c8 ]; then sum() { openssl dgst -sha256 | sed 's/.*= *//'; }
else echo ':missing sha256sum, shasum or openssl'; exit 1; fi
say() { printf ':%s\\n' "$*"; }
word() { enc | tr -d '\\n'; }
fail() { say fail "$1" "$(printf %s "$2" | word)"; }
oops() { fail "$1" "$(cat "$t/err")"; }
need() { if command -v "$1" >/dev/null 2>&1; then say ok; else say missing "$1"; exit 1; fi; }
about() { stat -c '%a %Y' "$1" 2>/dev/null || stat -f '%Lp %m' "$1" 2>/dev/null || echo '- -'; }
size() { echo $(($(wc -c <"$1"))); }
at() {
  case $1 in '~') p=$HOME ;; '~/'*) p=$HOME/\${1#'~/'} ;; '') p=. ;; *) p=$1 ;; esac
  case $p in /*) ;; *) p=./$p ;; esac
}
above() { D=\${1%/*}; [ -n "$D" ] || D=/; }
look() {
  at "$1"; above "\${p%/}"
  if [ -d "$p" ]; then say folder 0 $(about "$p")
  elif [ -f "$p" ]; then
    if [ -r "$p" ]; then say file "$(size "$p")" $(about "$p"); else say closed; fi
  elif [ -e "$p" ]; then say other
  elif [ -d "$D" ]; then say absent
  else say nowhere; fi
}
begin() {
  at "$1"; f=$p; k=$2; above "$f"; part=$D/.forge-$k-$n.part
  for o in "$D/.forge-$k-"*.part; do
    if [ -f "$o" ] && [ ! -h "$o" ] && [ -O "$o" ] && mv -f "$o" "$part" 2>/dev/null; then break; fi
  done
  if [ ! -f "$part" ] && ! (umask 077; set -C; : >"$part") 2>"$t/err"; then oops write; return; fi
  say part "$(size "$part")" "$(sum <"$part")"
}
take() {
  if [ "$2" = 0 ] && ! : >"$part" 2>"$t/err"; then oops write; return; fi
  had=$2; say go
  while [ "$had" -lt "$1" ]; do
    want=$(($1 - had)); [ "$want" -le ${pieceSize} ] || want=${pieceSize}
    unit | dec >"$t/piece" 2>"$t/err"
    if [ "$(size "$t/piece")" -ne "$want" ]; then oops piece; exit 1; fi
    if [ ! -f "$part" ]; then fail taken ''; exit 1; fi
    if ! cat "$t/piece" >>"$part" 2>"$t/err"; then oops write; exit 1; fi
    had=$((had + want)); say have "$had"
  done
  rm -f "$t/piece"
}
verified() {
  if [ "$(sum <"$part")" = "$1" ]; then return 0; fi
  rm -f "$part"; fail digest ''; return 1
}
keep() {
  verified "$1" || return
  if [ -d "$f" ]; then fail folder ''; return; fi
  m=$2
  if [ "$4" = plain ]; then
    m=$(printf %o $((0$2 & ~0$(umask) & 0777)))
    if [ -f "$f" ]; then old=$(about "$f"); case $old in -*) ;; *) m=\${old%% *} ;; esac; fi
  fi
  if chmod "$m" "$part" 2>"$t/err" && { [ "$3" = - ] || TZ=UTC0 touch -t "$3" "$part" 2>"$t/err"; } &&
    mv -f "$part" "$f" 2>"$t/err"; then
    rm -f "$D/.forge-$k-"*.part; say done
  else oops write; fi
}
merge() (
  if [ ! -e "$2" ] && [ ! -h "$2" ]; then mv "$1" "$2"; exit; fi
  if [ ! -d "$2" ]; then echo "$2 is no folder" >&2; exit 1; fi
  r=0
  for x in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    y=$2/\${x##*/}
    if [ -d "$x" ] && [ ! -h "$x" ]; then
      if [ -h "$y" ]; then echo "$y is a link" >&2; r=1; else merge "$x" "$y" || r=1; fi
    elif [ -e "$x" ] || [ -h "$x" ]; then
      if [ -h "$y" ]; then rm -f "$y"; fi
      if [ -d "$y" ]; then echo "$y is a folder" >&2; r=1; else mv -f "$x" "$y" || r=1; fi
    fi
  done
  exit $r
)
unpack() {
  verified "$1" || return
  st=$D/.forge-$k-$n.d
  if [ "$2" = exact ]; then o=-p; else o=-m; fi
  if mkdir -m 700 "$st" 2>"$t/err" && mkdir "$st/d" && tar -x -o $o -f "$part" -C "$st/d" 2>"$t/err" &&
    merge "$st/d" "$f" 2>"$t/err"; then
    rm -f "$D/.forge-$k-"*.part; say done
  else oops write; fi
  chmod -R u+rwx "$st" 2>/dev/null; rm -rf "$st"
}
origin() {
  at "$2"
  if [ "$1" = folder ]; then tar -cf - -C "$p" .; else cat "$p"; fi
}
prefix() { say prefix "$(origin "$1" "$2" 2>/dev/null | head -c "$3" | sum)"; }
give() {
  rm -f "$t/f"; mkfifo "$t/f"; sum <"$t/f" >"$t/sum" & s=$!
  { origin "$1" "$2" 2>"$t/err"; echo $? >"$t/code"; } | tee "$t/f" | tail -c "+$(($3 + 1))" | enc
  wait "$s"; say end "$(cat "$t/sum")" "$(cat "$t/code")" "$(head -c 4000 "$t/err" | word)"
}
cd "\${HOME:-/}" 2>/dev/null || cd /
for o in "\${TMPDIR:-/tmp}"/forge-copy-*.*; do
  if [ -d "$o" ] && [ ! -h "$o" ] && [ -O "$o" ]; then
    case \${o##*.} in *[!0-9]*) ;; *) kill -0 "\${o##*.}" 2>/dev/null || rm -rf "$o" ;; esac
  fi
done
t=\${TMPDIR:-/tmp}/forge-copy-$n.$$
if ! e=$(mkdir -m 700 "$t" 2>&1); then fail write "$e"; exit 1; fi
trap 'rm -rf "$t"' EXIT; trap 'exit 1' HUP INT TERM
say ready
while r=$(unit | dec) && [ -n "$r" ]; do eval "$r"; done
exit 0
`;

/** The program of one copy. `name`: letters and digits that no other copy has. */
export function remoteProgram(name: string): string {
  return `n=${quotePosix(name)}\n${program}`;
}

/** One request; `words` are handed over as they are, whatever is in them. */
export function remoteRequest(verb: string, ...words: readonly string[]): string {
  return [verb, ...words.map(quotePosix)].join(' ');
}
