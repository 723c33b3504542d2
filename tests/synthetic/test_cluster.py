"""A world made on a Dask cluster is the world made here, byte for byte."""

from pathlib import Path

import pytest
from distributed import LocalCluster

from workbench.cli import main
from workbench.foundation import compute
from workbench.foundation.errors import InputError
from workbench.synthetic import generate, worlds


def test_a_cluster_makes_the_same_bytes(
    retail: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worlds, "BLOCK", 60)
    here = generate(retail, out=tmp_path / "here", customers=300)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        there = generate(
            retail, out=tmp_path / "there", customers=300, cluster=cluster.scheduler_address
        )
    assert there.fingerprint == here.fingerprint
    one, other = (
        {p.relative_to(w): p.read_bytes() for p in sorted(w.rglob("*.parquet"))}
        for w in (here.out, there.out)
    )
    assert one == other


def test_an_address_where_no_cluster_answers_is_refused(
    retail: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compute, "_PATIENCE_SECONDS", 1)
    with pytest.raises(InputError, match=r"no cluster answers at tcp://127\.0\.0\.1:9: give"):
        generate(retail, out=tmp_path / "w", customers=20, cluster="tcp://127.0.0.1:9")
    words = ["generate", str(retail), "--out", str(tmp_path / "w"), "--cluster", "nonsense"]
    assert main(words) == 3
    assert "no cluster answers at nonsense" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
