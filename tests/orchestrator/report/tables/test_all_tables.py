from orchestrator.report.tables.all_tables import Tables, make_tables
from orchestrator.stats.paper import Published
from tests.orchestrator.report.tables.conftest import ANOTHER, Results


def test_every_table_is_named_once_and_has_as_many_cells_as_columns(tables: Tables) -> None:
    named = tables.of_numbers | tables.of_claims
    assert set(named) == set(vars(tables))
    assert all(named[name] is getattr(tables, name) for name in named)
    for table in named.values():
        assert table.rows
        assert {len(row.cells) for row in table.rows} == {len(table.columns)}


def test_all_tables_agree_on_whether_the_paper_may_stand_beside(results: Results) -> None:
    for published in (Published(), ANOTHER):
        tables = make_tables(results.run, results.scores, results.claims, published)
        for table in (tables.table1, tables.table2, tables.table3, tables.claims):
            refused = any("no published numbers" in note for note in table.notes)
            assert refused != published.comparable
