"""The queries of bench-scan, over one table of TPC-H's lineitem."""

# In SQL that all engines read; {table} is the table.
QUERIES = {
    "a: Q6": "SELECT sum(l_extendedprice * l_discount) AS revenue FROM {table} WHERE l_shipdate >= DATE '1994-01-01' "
             "AND l_shipdate < DATE '1995-01-01' AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24",
    "b: Q1": "SELECT l_returnflag, l_linestatus, sum(l_quantity) AS q, sum(l_extendedprice) AS p, "
             "sum(l_extendedprice * (1 - l_discount)) AS d, sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS c, "
             "avg(l_quantity) AS aq, avg(l_extendedprice) AS ap, avg(l_discount) AS ad, count(*) AS n FROM {table} "
             "WHERE l_shipdate <= DATE '1998-09-02' GROUP BY l_returnflag, l_linestatus",
    "c: one order": "SELECT * FROM {table} WHERE l_orderkey = 3000001",
    "d: 0.01 %": "SELECT * FROM {table} WHERE l_partkey <= 20",
    "e: 1 %": "SELECT * FROM {table} WHERE l_partkey <= 2000",
    "f: 10 %": "SELECT * FROM {table} WHERE l_partkey <= 20000",
    "g: all rows": "SELECT * FROM {table}",
    "h: LIKE": "SELECT count(*) AS n FROM {table} WHERE l_comment LIKE '%special%'",
    "i: top 10": "SELECT * FROM {table} ORDER BY l_extendedprice DESC LIMIT 10",
    "j: distinct": "SELECT count(DISTINCT l_suppkey) AS n FROM {table}",
    "k: one mode": "SELECT count(*) AS n FROM {table} WHERE l_shipmode = 'AIR'",
}
