"""What is taken of a `summary.json`, in SQL: figures, promises and marks, whatever else it holds.

DuckDB reads the files, two at a time. A key that is missing, or holds something else than it
should, is null; so is the whole of a file that is no JSON. The summaries of
version 0.1 and later are read alike.
"""

import json

SCHEMA = 1
"""The `schema` of the summaries that are read."""

_ESTIMATE = {"value": "DOUBLE", "low": "DOUBLE", "high": "DOUBLE", "n": "BIGINT"}
_COUNT = "STRUCT(count BIGINT, of BIGINT)"
_FINDING = {
    **dict.fromkeys(("provider", "operation", "constraint", "check"), "VARCHAR"),
    "combination": ["VARCHAR"],
}
_PLACE = {"provider": "VARCHAR", "workload": "VARCHAR"}

STRUCTURE = json.dumps(
    {
        "schema": "BIGINT",
        "run": {
            **dict.fromkeys(("run", "harness", "created", "finished", "against"), "VARCHAR"),
            "interrupted": "BOOLEAN",
            "seed": "VARCHAR",
            "spec_digests": "MAP(VARCHAR, VARCHAR)",
            "plan_digests": "MAP(VARCHAR, VARCHAR)",
        },
        "providers": (
            "MAP(VARCHAR, STRUCT(evidence VARCHAR, source VARCHAR, requests BIGINT,"
            " images_paid BIGINT, valid_requests BIGINT, faults BIGINT,"
            " cost STRUCT(amount DOUBLE, unit VARCHAR),"
            " promises STRUCT(held BIGINT, broken BIGINT, flaky BIGINT, unconfirmed BIGINT,"
            " not_tried BIGINT)))"
        ),
        "verdicts": [
            dict.fromkeys(("provider", "operation", "constraint", "check", "status"), "VARCHAR")
        ],
        "findings": [_FINDING],
        "flaky": [_FINDING],
        "latency": [
            {
                "provider": "VARCHAR",
                "operation": "VARCHAR",
                "n": "BIGINT",
                "median": _ESTIMATE,
                "p95": _ESTIMATE,
            }
        ],
        "authenticity": [
            {
                "provider": "VARCHAR",
                **dict.fromkeys(("drawn_as_asked", "manifests", "signed", "fresh"), _COUNT),
            }
        ],
        "benchmark": {
            "speeds": [
                {
                    **_PLACE,
                    "stage": "VARCHAR",
                    "n": "BIGINT",
                    "median": _ESTIMATE,
                    "p95": _ESTIMATE,
                }
            ],
            "reliability": [{**_PLACE, "stage": "VARCHAR", "sent": "BIGINT", "usable": _ESTIMATE}],
            "spend": [{**_PLACE, "unit": "VARCHAR", "usable": "BIGINT", "per_image": "DOUBLE"}],
        },
    }
)

_KEPT = tuple(name for name in json.loads(STRUCTURE) if name not in ("schema", "verdicts"))

SEEN = f"""
CREATE OR REPLACE TABLE reading.seen AS
SELECT ''::VARCHAR AS path, {", ".join(f"it.{name}" for name in _KEPT)}
FROM (SELECT json_transform('{{}}', '{STRUCTURE}') AS it) WHERE false
"""  # noqa: S608 - texts of ours
"""Makes the table of what is read, in a database of its own in memory."""

_READ = f"""
CREATE OR REPLACE TEMP TABLE got AS
SELECT filename AS file, ''::VARCHAR AS path,
       try(json_transform(try(decode(content)), '{STRUCTURE}')) AS it
FROM """  # noqa: S608 - texts of ours
READ = _READ + "read_blob($files)"
"""Reads the files named into a table of this connection; `it` is null of what is no JSON."""
TAKE = _READ + "(SELECT $file AS filename, $content::BLOB AS content)"
"""The same of a file that was read already."""

KEEP = (
    f"""INSERT INTO reading.seen SELECT path, {", ".join(f"it.{name}" for name in _KEPT)}
    FROM got WHERE it.schema = {SCHEMA}""",  # noqa: S608 - texts of ours
    f"""INSERT INTO promises
    SELECT DISTINCT path, v.provider, v.operation, coalesce(v.constraint, v.check), 'passed'
    FROM (SELECT path, unnest(it.verdicts) AS v FROM got WHERE it.schema = {SCHEMA})
    WHERE v.status = 'pass'""",  # noqa: S608 - texts of ours
)
"""What is kept of each batch of files: verdicts are many, and only counted."""

TABLES = (
    "files (path VARCHAR, size BIGINT, mtime_ns BIGINT, problem VARCHAR)",
    (
        "runs (path VARCHAR, run VARCHAR, harness VARCHAR, created VARCHAR, finished VARCHAR,"
        " interrupted BOOLEAN, against VARCHAR, seed VARCHAR, benchmark BOOLEAN)"
    ),
    (
        "providers (path VARCHAR, provider VARCHAR, base VARCHAR, requests BIGINT, spec VARCHAR,"
        " plan VARCHAR)"
    ),
    (
        "figures (path VARCHAR, provider VARCHAR, about VARCHAR, figure VARCHAR, unit VARCHAR,"
        " value DOUBLE, low DOUBLE, high DOUBLE, n BIGINT)"
    ),
    "promises (path VARCHAR, provider VARCHAR, operation VARCHAR, promise VARCHAR, state VARCHAR)",
)
"""The tables of the index; `promises` has a row for each that is `broken`, `flaky` or `passed`."""

NAMES = tuple(table.partition(" ")[0] for table in TABLES)

_FIGURES = """
INSERT INTO figures BY NAME
WITH each_provider AS (
         SELECT path, benchmark, each.key AS provider, each.value AS seen,
                CASE WHEN benchmark IS NULL THEN '' ELSE 'benchmark' END AS about
         FROM (SELECT path, benchmark, unnest(map_entries(providers)) AS each FROM reading.seen)),
     counted AS (
         SELECT path, provider, about, unnest([
             {'figure': 'held', 'value': seen.promises.held},
             {'figure': 'broken', 'value': seen.promises.broken},
             {'figure': 'flaky', 'value': seen.promises.flaky},
             {'figure': 'unconfirmed', 'value': seen.promises.unconfirmed},
             {'figure': 'not tried', 'value': seen.promises.not_tried}]) AS each
         FROM each_provider),
     authentic AS (
         SELECT path, a.provider, about, unnest([
             {'figure': 'drawn as asked', 'it': a.drawn_as_asked},
             {'figure': 'with a manifest', 'it': a.manifests},
             {'figure': 'signed by the maker', 'it': a.signed},
             {'figure': 'fresh', 'it': a.fresh}]) AS each
         FROM (SELECT path, unnest(authenticity) AS a,
                      CASE WHEN benchmark IS NULL THEN '' ELSE 'benchmark' END AS about
               FROM reading.seen)),
     timed AS (
         SELECT path, l.provider, l.operation AS about, l.n, unnest([
             {'figure': 'median', 'it': l.median}, {'figure': 'p95', 'it': l.p95}]) AS each
         FROM (SELECT path, unnest(latency) AS l FROM reading.seen WHERE benchmark IS NULL)
       UNION ALL
         SELECT path, s.provider, concat_ws(' at ', s.workload, s.stage), s.n, unnest([
             {'figure': 'median', 'it': s.median}, {'figure': 'p95', 'it': s.p95}])
         FROM (SELECT path, unnest(benchmark.speeds) AS s FROM reading.seen)),
     reliable AS (SELECT path, unnest(benchmark.reliability) AS r FROM reading.seen),
     spent AS (SELECT path, unnest(benchmark.spend) AS s FROM reading.seen)
SELECT * REPLACE (CASE WHEN isfinite(low) THEN low END AS low,
                  CASE WHEN isfinite(high) THEN high END AS high)
FROM (
    SELECT path, provider, '' AS about, 'failed' AS figure, 'share' AS unit,
           seen.faults / seen.valid_requests AS value, NULL::DOUBLE AS low, NULL::DOUBLE AS high,
           seen.valid_requests AS n
    FROM each_provider WHERE seen.valid_requests > 0 AND benchmark IS NULL
  UNION ALL
    SELECT path, provider, '', 'price', seen.cost.unit, seen.cost.amount / seen.images_paid,
           NULL, NULL, seen.images_paid
    FROM each_provider WHERE seen.images_paid > 0 AND benchmark IS NULL
  UNION ALL
    SELECT path, provider, about, each.figure, 'promises', each.value, NULL, NULL, NULL
    FROM counted
  UNION ALL
    SELECT path, provider, about, each.figure, 'share', each.it.count / each.it.of, NULL, NULL,
           each.it.of
    FROM authentic WHERE each.it.of > 0
  UNION ALL
    SELECT path, provider, about, each.figure, 's', each.it.value, each.it.low, each.it.high, n
    FROM timed
  UNION ALL
    SELECT path, r.provider, concat_ws(' at ', r.workload, r.stage), 'failed', 'share',
           1 - r.usable.value, 1 - r.usable.high, 1 - r.usable.low, r.sent
    FROM reliable WHERE r.sent > 0
  UNION ALL
    SELECT path, s.provider, s.workload, 'price', s.unit, s.per_image, NULL, NULL, s.usable
    FROM spent
)
WHERE isfinite(value) AND value >= 0 AND provider IS NOT NULL AND about IS NOT NULL
      AND unit IS NOT NULL
"""

STORE = (
    _FIGURES,
    """INSERT INTO runs
    SELECT path, run.run, run.harness, run.created, run.finished, run.interrupted, run.against,
           run.seed, benchmark IS NOT NULL
    FROM reading.seen""",
    """INSERT INTO providers
    SELECT path, p.key,
           CASE WHEN p.value.evidence = 'recorded' AND p.value.source = 'emulator'
                THEN 'emulator, recorded'
                WHEN p.value.evidence IN ('live', 'recorded', 'emulator') THEN p.value.evidence
                ELSE 'unknown' END,
           p.value.requests, run.spec_digests[p.key], run.plan_digests[p.key]
    FROM (SELECT path, run, unnest(map_entries(providers)) AS p FROM reading.seen)""",
    *(
        f"""INSERT INTO promises
        SELECT DISTINCT path, f.provider, f.operation,
               coalesce(f.constraint, nullif(array_to_string(f.combination, '+'), ''), f.check),
               '{state}'
        FROM (SELECT path, unnest({key}) AS f FROM reading.seen)"""  # noqa: S608 - texts of ours
        for key, state in (("findings", "broken"), ("flaky", "flaky"))
    ),
)
"""What is kept of all that was read, table by table."""
