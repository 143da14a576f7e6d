"""The tables of a store.

`executions` is keyed by a small number, and everything else by that number: the log of 100,000 parked instances must
not repeat their ids. What a person wants to read with any SQLite tool is there as generated columns, which take no
room. `log` is the truth; `activities`, `timers` and the columns of `executions` are its projection (turn.py), written
in the same transaction; `checkpoints` is a cache.
"""

#: "DalS", so that `file` and any reader can tell whose database this is.
APPLICATION = 0x44616C53

#: Raised when an older Dalsegno could no longer read or write the tables; a newer store is refused, an older migrated.
FORMAT = 2

_FIRST = """
CREATE TABLE owner (
  epoch INTEGER NOT NULL,           -- one more with every engine that takes the store over
  clean INTEGER NOT NULL            -- whether the last owner closed it in order
);
INSERT INTO owner VALUES (0, 1);

CREATE TABLE documents (
  number INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  definition TEXT NOT NULL          -- parsed JSON, never YAML again
);

CREATE TABLE executions (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: a late answer must not meet another execution
  instance TEXT NOT NULL,
  execution TEXT NOT NULL,          -- UUID
  document INTEGER NOT NULL REFERENCES documents,
  current INTEGER NOT NULL DEFAULT 1,
  status TEXT NOT NULL,             -- what its decider says; `suspended` stands above it
  suspended INTEGER NOT NULL DEFAULT 0,
  yielded INTEGER NOT NULL DEFAULT 0,
  head INTEGER NOT NULL DEFAULT 0,  -- the next free position of its log
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,         -- the time of its newest event
  reason TEXT,
  tags TEXT
);
CREATE UNIQUE INDEX instances ON executions (instance) WHERE current;
CREATE INDEX yields ON executions (number) WHERE yielded;

CREATE TABLE log (
  execution INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  at INTEGER GENERATED ALWAYS AS (json_extract(body, '$.at')) VIRTUAL,
  kind TEXT GENERATED ALWAYS AS (json_extract(body, '$.event')) VIRTUAL,
  PRIMARY KEY (execution, seq)
) WITHOUT ROWID;

CREATE TABLE "values" (
  hash TEXT PRIMARY KEY,
  body BLOB NOT NULL                -- JSON of more than 8 KiB, shared by events and checkpoints
);
CREATE TABLE uses (
  execution INTEGER NOT NULL,
  checkpoint INTEGER NOT NULL,      -- 1: the checkpoint refers to the value, 0: the log does
  hash TEXT NOT NULL,
  PRIMARY KEY (execution, checkpoint, hash)
) WITHOUT ROWID;
CREATE INDEX users ON uses (hash);

CREATE TABLE checkpoints (
  execution INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,             -- the next position that a decider restored from it expects
  size INTEGER NOT NULL,            -- bytes, values included
  state BLOB NOT NULL,
  hashes TEXT NOT NULL
);

CREATE TABLE activities (
  execution INTEGER NOT NULL,
  id INTEGER NOT NULL,
  seq INTEGER NOT NULL,             -- where the log has its arguments
  attempts INTEGER NOT NULL DEFAULT 0,  -- runs that died with their engine (dispatcher.py)
  PRIMARY KEY (execution, id)
) WITHOUT ROWID;

CREATE TABLE timers (
  execution INTEGER NOT NULL,
  id INTEGER NOT NULL,
  deadline INTEGER NOT NULL,
  held INTEGER NOT NULL DEFAULT 0,  -- 1 while its instance is suspended
  PRIMARY KEY (execution, id)
) WITHOUT ROWID;
CREATE INDEX deadlines ON timers (deadline) WHERE NOT held;

CREATE TABLE inbox (
  number INTEGER PRIMARY KEY,
  execution INTEGER NOT NULL,
  kind TEXT NOT NULL,               -- `fact`, or a request (requests.py)
  body TEXT NOT NULL,
  held INTEGER NOT NULL DEFAULT 0   -- 1 while its instance is suspended
);
CREATE INDEX letters ON inbox (execution);
CREATE INDEX unread ON inbox (number) WHERE NOT held;

CREATE TABLE messages (
  number INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  execution INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (source, id)
);
"""

# One table, or a few that belong together, each.
_REGISTERED = """
CREATE TABLE registered (
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  document INTEGER NOT NULL REFERENCES documents,
  at INTEGER NOT NULL,
  PRIMARY KEY (namespace, name, version)
) WITHOUT ROWID"""

# One that nobody awaits outlives its instance.
_DETACHED = "ALTER TABLE activities ADD COLUMN detached INTEGER NOT NULL DEFAULT 0"

_CHILDREN = """
CREATE TABLE children (
  execution INTEGER PRIMARY KEY,
  parent INTEGER NOT NULL,
  id INTEGER NOT NULL,              -- of the parent's request
  awaited INTEGER NOT NULL,         -- 1 until its end is told to the parent, or the parent gives it up
  detached INTEGER NOT NULL,
  depth INTEGER NOT NULL,
  root INTEGER NOT NULL             -- the first ancestor
);
CREATE INDEX offspring ON children (parent, id);
CREATE INDEX families ON children (root);
CREATE INDEX suspensions ON executions (number) WHERE suspended;
CREATE TABLE companions (
  execution INTEGER NOT NULL,
  document INTEGER NOT NULL REFERENCES documents,
  PRIMARY KEY (execution, document)
) WITHOUT ROWID"""

_OUTBOX = """
CREATE TABLE outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which a sink gets them
  sink TEXT NOT NULL,
  execution INTEGER NOT NULL,
  body TEXT NOT NULL                -- the CloudEvent, as it is sent
);
CREATE INDEX undelivered ON outbox (sink)"""

# Messages of the first format were never delivered to anybody; the log has them too.
_MESSAGES = """
DROP TABLE messages;
CREATE TABLE messages (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of publication
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  kept INTEGER,                     -- until then, for listeners that open later
  body TEXT,                        -- the CloudEvent; NULL: only its identity is remembered
  UNIQUE (source, id)
);
CREATE INDEX old_messages ON messages (at) WHERE body IS NULL;
CREATE INDEX kept_messages ON messages (kept) WHERE kept IS NOT NULL;
CREATE INDEX kept_types ON messages (type, number) WHERE kept IS NOT NULL;
CREATE TABLE mail (
  instance TEXT NOT NULL,           -- which need not be there yet
  type TEXT NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (instance, type, message)
) WITHOUT ROWID;
CREATE INDEX mailed ON mail (message);
CREATE TABLE taken (
  message INTEGER NOT NULL,         -- one that is kept
  execution INTEGER NOT NULL,       -- which gets it no second time
  PRIMARY KEY (message, execution)
) WITHOUT ROWID;
CREATE INDEX takers ON taken (execution)"""

_SUBSCRIPTIONS = """
CREATE TABLE subscriptions (
  number INTEGER PRIMARY KEY,
  execution INTEGER NOT NULL,
  id INTEGER NOT NULL,
  filters TEXT NOT NULL,
  keys TEXT NOT NULL,               -- the correlation keys that are bound
  ready INTEGER NOT NULL DEFAULT 1, -- 0 while it works on a message
  UNIQUE (execution, id)
);
CREATE TABLE selectors (
  type TEXT NOT NULL,               -- what the index knows of a filter (selectors.py)
  path TEXT NOT NULL,
  value TEXT NOT NULL,
  subscription INTEGER NOT NULL,
  PRIMARY KEY (type, path, value, subscription)
) WITHOUT ROWID;
CREATE INDEX selected ON selectors (subscription);
CREATE TABLE deliveries (
  subscription INTEGER NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (subscription, message)
) WITHOUT ROWID;
CREATE INDEX delivered ON deliveries (message);
CREATE TABLE unserved (
  execution INTEGER PRIMARY KEY     -- a round had no time to hand over what waits for it
)"""

# A schedule is an execution too, decided by somebody else than the machine.
_KINDS = "ALTER TABLE executions ADD COLUMN kind TEXT NOT NULL DEFAULT 'workflow'"

# `base` is where its log begins anew, 0 until it does; `weight` the bytes of the log since then.
_BASES = """
ALTER TABLE executions ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN weight INTEGER NOT NULL DEFAULT 0;
CREATE TABLE archive (
  execution INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (execution, seq)
) WITHOUT ROWID"""

# For what is kept for a while after its end.
_ENDS = "CREATE INDEX ends ON executions (updated) WHERE status IN ('completed', 'faulted', 'cancelled')"

# Instances of which one at a time is at work, and those that wait for it.
_GROUPS = """
CREATE TABLE members (
  execution INTEGER PRIMARY KEY,
  key TEXT NOT NULL,                -- of the group
  place INTEGER NOT NULL,           -- 0: at work; 1: queued; 2: its time has not come
  policy TEXT NOT NULL              -- what to do where the group is busy
);
CREATE INDEX groups ON members (key, execution)"""

_SECOND = ";\n".join(
    (_MESSAGES, _SUBSCRIPTIONS, _REGISTERED, _OUTBOX, _KINDS, _DETACHED, _CHILDREN, _BASES, _ENDS, _GROUPS)
)

#: What makes each format out of the one before; a new store goes through all of them.
FORMATS = (_FIRST, _SECOND)
