"""Reports: figures at one moment, findings derived from them, pages as HTML and PDF, delivery to roles.

`picture` and `rollup_figures` read, `findings` judges, `launch`, `hourly`, `final` and `rollup` say, `page` and `paper`
render, `write` puts files and record in place, `delivery` sends, `publish` does both. Numbers and names of fields, sources
and reasons only; never anything about a person.
"""
