# Built-in functions that are best said in jq itself. Read by registry.py, compiled where they are used.

def first: .[0];
def last: .[-1];
def nth($index): .[$index];
def nth($index; outputs):
  if $index < 0 then error("nth doesn't support negative indices") else first(skip($index; outputs)) end;
def skip($count; outputs):
  if $count > 0 then foreach outputs as $output ($count; . - 1; if . < 0 then $output else empty end)
  elif $count == 0 then outputs
  else error("skip doesn't support negative count") end;

def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def finites: select(isfinite);
def normals: select(isnormal);

def recurse(children; condition): recurse(children | select(condition));
def until(condition; next): def _next: if condition then . else next | _next end; _next;
def while(condition; next): def _next: if condition then ., (next | _next) else empty end; _next;
def repeat(outputs): def _again: outputs, _again; _again;

def paths: path(..) | select(length > 0);
def paths(condition): path(.. | select(condition)) | select(length > 0);
def leaf_paths: paths(scalars);
def pick(places): . as $whole | reduce path(places) as $place (null; setpath($place; $whole | getpath($place)));
def with_entries(change): to_entries | map(change) | from_entries;

def combinations:
  if length == 0 then [] else .[0][] as $head | (.[1:] | combinations) as $tail | [$head] + $tail end;
def combinations($count): . as $choices | [range($count) | $choices] | combinations;

def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def todateiso8601: todate;
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def date: todate;
def dateadd(unit; $amount): . + $amount;
def datesub(unit; $amount): . - $amount;

def match($pattern; $flags): _matches($pattern; $flags; false)[];
def match($pattern): _pattern($pattern) as [$text, $flags] | match($text; $flags);
def test($pattern; $flags): _matches($pattern; $flags; true);
def test($pattern): _pattern($pattern) as [$text, $flags] | test($text; $flags);
def capture($pattern; $flags): match($pattern; $flags) | _captured;
def capture($pattern): _pattern($pattern) as [$text, $flags] | capture($text; $flags);
def scan($pattern; $flags):
  match($pattern; "g" + $flags) | if .captures == [] then .string else [.captures[].string] end;
def scan($pattern): scan($pattern; null);
def splits($pattern; $flags): split($pattern; $flags)[];
def splits($pattern): splits($pattern; null);
def sub($pattern; replacement; $flags):
  . as $text
  | (reduce match($pattern; $flags) as $found ({parts: [], from: 0};
      $text[.from:$found.offset] as $gap
      | [$found | _captured | replacement] as $made
      | reduce range($made | length) as $i (.; .parts[$i] += $gap + $made[$i])
      | .from = $found.offset + $found.length)
    | .parts[] + $text[.from:]) // $text;
def sub($pattern; replacement): sub($pattern; replacement; "");
def gsub($pattern; replacement; flags): sub($pattern; replacement; flags + "g");
def gsub($pattern; replacement): sub($pattern; replacement; "g");

def tostream:
  path(def _deep: (.[]? | _deep), .; _deep) as $place
  | getpath($place)
  | reduce path(.[]?) as $step ([$place, .]; [$place + $step]);
def fromstream(events):
  {value: null, done: false} as $start
  | foreach events as $event ($start;
      if .done then $start else . end
      | if $event | length == 2
        then setpath(["done"]; $event[0] == []) | setpath(["value"] + $event[0]; $event[1])
        else setpath(["done"]; $event[0] | length == 1) end;
      if .done then .value else empty end);
def truncate_stream(events):
  . as $depth | null | events | . as $event
  | if (.[0] | length) > $depth then setpath([0]; $event[0][$depth:]) else empty end;

def INDEX(rows; key): reduce rows as $row ({}; .[$row | key | tostring] = $row);
def INDEX(key): INDEX(.[]; key);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; rows; key): rows | [., $index[key]];
def JOIN($index; rows; key; change): rows | [., $index[key]] | change;
def IN(candidates): any(candidates == .; .);
def IN(rows; candidates): any(rows == candidates; .);
