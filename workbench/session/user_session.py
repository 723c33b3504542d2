"""The session, which command line, lab and tests open once and use for all they do."""

import getpass
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from workbench.foundation.errors import ParameterError
from workbench.foundation.settings import Settings, find_file

if TYPE_CHECKING:
    from workbench.extracts import Extract
    from workbench.extracts.drafting import PolicyDraft
    from workbench.intake import LoadReport
    from workbench.privacy import View
    from workbench.reports import Site
    from workbench.runs import RunPlan, RunResult, RunsFolder
    from workbench.studies import Study
    from workbench.vault import Vault


def _now() -> datetime:
    return datetime.now(UTC)


def _named_path(environ: Mapping[str, str], variable: str) -> Path | None:
    text = environ.get(variable)
    return Path(text) if text else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, in a container for instance
        return str(os.getuid())


def _is_file(source: str) -> bool:
    """Return whether the source of an extract is a path, which has a suffix or a slash."""
    return "/" in source or Path(source).suffix != ""


@dataclass(frozen=True, kw_only=True)
class Session:
    """The acting user, with project, workspace and clock.

    Attributes
    ----------
    principal : str
        Name of the user of the operating system.
    place : Settings
        Project, workspace and folder of reports.
    key_file, head_copy : Path or None
        Key file, by option or ``WORKBENCH_KEY``, and folder of copies of heads; None for those of
        the workspace.
    clock : callable
        Returns the time, with its zone.

    Examples
    --------
    In a script of the key's holder::

        session = Session.open()
        view = session.view("demo")
    """

    principal: str
    place: Settings
    key_file: Path | None = None
    head_copy: Path | None = None
    clock: Callable[[], datetime] = field(default=_now, repr=False)

    @classmethod
    def open(
        cls,
        *,
        project: Path | None = None,
        workspace: Path | None = None,
        reports: Path | None = None,
        key: Path | None = None,
        head: Path | None = None,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], datetime] = _now,
    ) -> Self:
        """Find project, workspace and reports: options first, then variables, then the folders.

        The vault is opened when it is first needed.

        Raises
        ------
        ParameterError
            The named project does not exist, or an environment variable is malformed.
        """
        return cls(
            principal=_user(),
            place=Settings.read(
                project=project, workspace=workspace, reports=reports, environ=environ
            ),
            key_file=key or _named_path(environ, "WORKBENCH_KEY"),
            head_copy=head,
            clock=clock,
        )

    def init_workspace(self) -> "tuple[Vault, Path]":
        """Make the workspace and its key; return the vault and the path of the key file.

        Raises
        ------
        ParameterError
            There is a workspace already.
        """
        from workbench.vault import Vault  # late: polars and cryptography
        from workbench.vault.workspace_vault import key_path

        vault = Vault.init(self.place.workspace)
        return vault, key_path(self.place.workspace)

    @cached_property
    def vault(self) -> "Vault":
        """The workspace's vault, opened with the key.

        Raises
        ------
        ParameterError
            There is no workspace, or it was made by another workbench.
        AccessError
            The key file is missing or unsafe, or this process is a kernel with a sealed view.
        """
        from workbench.vault import Vault  # late: polars and cryptography

        return Vault.open(self.place.workspace, key_file=self.key_file, head=self.head_copy)

    @cached_property
    def vault_at_hand(self) -> "Vault | None":
        """The vault; None where there is no workspace or no key file."""
        from workbench.vault import Vault  # late: polars and cryptography

        return Vault.open_if_present(
            self.place.workspace, key_file=self.key_file, head=self.head_copy
        )

    def folders_of_lab(self) -> list[Path]:
        """Return the project's folders that kernels of the lab can read.

        Raises
        ------
        InputError
            The workspace or the key is in one of them.
        """
        from workbench.runs.kernel_checks import require_outside  # late: polars

        place = self.place
        folders = [place.notebooks, place.studies, *place.lab_reads]
        secrets = [place.workspace, *([self.key_file] if self.key_file else [])]
        require_outside(secrets, folders=folders)
        return [folder for folder in folders if folder.exists()]

    @property
    def studies(self) -> list[str]:
        """Names of the project's studies, sorted."""
        return sorted(path.stem for path in self.place.studies.glob("*.toml"))

    def recipe(self, name: str) -> Path:
        """Return the file of a recipe by its name in ``synthetic/`` or its path.

        Raises
        ------
        ParameterError
            There is no such recipe.
        """
        folder = self.place.project / "synthetic"
        return find_file("recipe", name, folder=folder, suffix=".toml")

    def study(self, name: str) -> "Study":
        """Read a study by its name or path.

        Raises
        ------
        ParameterError
            There is no such study, or its file has faults.
        """
        from workbench.studies import read_study  # late: polars

        path = find_file("study", name, folder=self.place.studies, suffix=".toml")
        return read_study(path, notebooks=self.place.notebooks)

    def load(
        self,
        paths: Sequence[Path],
        *,
        dataset: str,
        mapping: str | None = None,
        settings: Mapping[str, str],
        max_refused: float | None = None,
        expect: Sequence[str] = (),
        is_plan: bool = False,
    ) -> "LoadReport":
        """Read exports into a dataset, see ``intake.load``."""
        from workbench.intake import load  # late: polars and dataframely
        from workbench.intake.control_totals import read_expectations
        from workbench.sources import find_mapping

        return load(
            paths,
            vault=self.vault,
            dataset=dataset,
            mapping=find_mapping(mapping) if mapping else None,
            settings=settings,
            max_refused=max_refused,
            expected=read_expectations(expect),
            is_plan=is_plan,
            workers=self.place.workers,
        )

    def view(self, study: str, *, as_of: date | None = None) -> "View":
        """Open the view of a study, see ``privacy.open_view``."""
        from workbench.privacy import open_view  # late: polars
        from workbench.vault.parquet import translate_read_errors

        asked = self.study(study)
        dataset = self.vault.dataset(asked.dataset)
        with translate_read_errors(dataset.label):
            return open_view(asked, dataset, as_of=as_of)

    def anonymize(
        self,
        source: str,
        *,
        policy: str,
        customers: int | None = None,
        as_of: date | None = None,
        out: Path | None = None,
    ) -> "Extract":
        """Make an extract of a dataset, or of the table in a file.

        Parameters
        ----------
        source : str
            Path of a file, which has a suffix or a slash, or name of a dataset.
        policy : str
            Path or name of a policy.
        customers, as_of
            See ``extracts.anonymise_dataset``; for a dataset alone.
        out : Path, optional
            Where the extract is to be written; it is refused here if that cannot be, before
            anything is read.
        """
        from workbench.extracts import anonymise_dataset, anonymise_table  # late: polars
        from workbench.extracts.column_hierarchies import read_hierarchy_files
        from workbench.extracts.table_files import read_table, require_suffix
        from workbench.extracts.written_extract import report_places, require_new
        from workbench.studies import read_extract_policy
        from workbench.vault.parquet import translate_read_errors

        path = find_file("policy", policy, folder=self.place.policies, suffix=".toml")
        rules = read_extract_policy(path)
        if out is not None:
            require_new(out)
        if not _is_file(source):
            dataset = self.vault.dataset(source)
            with translate_read_errors(dataset.label):
                return anonymise_dataset(dataset, rules, as_of=as_of, customers=customers)
        if customers is not None or as_of is not None:
            raise ParameterError("--customers and --as-of are for a dataset, not for a file")
        if out is not None:
            require_suffix(out)
            for place in report_places(out):
                require_new(place)
        files = read_hierarchy_files(rules, path.parent)
        return anonymise_table(read_table(Path(source)), rules, files)

    def draft_policy(self, source: str, *, preset: str, out: Path | None = None) -> "PolicyDraft":
        """Draft a policy for a dataset or the table in a file, and write it where asked.

        Parameters
        ----------
        source : str
            As in ``anonymize``.
        preset : str
            Name of a preset.
        out : Path, optional
            New file of the policy; files of hierarchies are written beside it.

        Raises
        ------
        ParameterError
            There is no such preset.
        InputError
            A file exists already.
        """
        from workbench.extracts.drafting import draft_for_dataset, draft_for_table  # late: polars
        from workbench.extracts.table_files import read_table
        from workbench.extracts.written_extract import require_new, write_policy
        from workbench.studies.policy import find_preset
        from workbench.vault.parquet import translate_read_errors

        chosen = find_preset(preset)
        if out is not None:
            require_new(out)
        if _is_file(source):
            made = draft_for_table(read_table(Path(source)), preset=chosen)
        else:
            dataset = self.vault.dataset(source)
            with translate_read_errors(dataset.label):
                made = draft_for_dataset(dataset, preset=chosen)
        if out is not None:
            write_policy(made, out)
        return made

    def hand_out(self, extract: "Extract", out: Path, *, suffix: str) -> list[Path]:
        """Write an extract for its recipient; one of a dataset is entered in the list of extracts.

        Parameters
        ----------
        extract : Extract
            From ``anonymize``.
        out : Path
            New file of a table, or new folder of a dataset.
        suffix : str
            Suffix of a dataset's files.
        """
        from workbench.extracts.list_of_extracts import (  # late: polars
            enter_extract,
            mark_as_written,
        )
        from workbench.extracts.written_extract import (
            describe_extract,
            write_dataset_extract,
            write_table_extract,
        )

        made_at = self.clock().isoformat(timespec="seconds")
        description = {"made_at": made_at, **describe_extract(extract)}
        if "file" in extract.source:
            return write_table_extract(extract, out, description)
        # The list comes first: an extract that is not on it must not exist, also after a crash.
        entry = enter_extract(self.vault, extract, description, by=self.principal, out=out)
        written = write_dataset_extract(extract, out, description, suffix=suffix)
        mark_as_written(self.vault, entry)
        return written

    @cached_property
    def runs(self) -> "RunsFolder":
        """The folder of runs."""
        from workbench.runs import RunsFolder  # late: papermill

        return RunsFolder(self.place.reports / "runs", self.vault)

    def plan(
        self, study: str, *, notebook: str | None = None, given: Mapping[str, str]
    ) -> "RunPlan":
        """Return the runs of a study that would be executed, see ``runs.plan_runs``.

        Parameters
        ----------
        study : str
            Name or path of the study.
        notebook : str, optional
            The only notebook of it, by name or path.
        given : mapping of str to str
            Parameters by name, as texts.
        """
        from workbench.runs import plan_runs  # late: papermill

        asked = self.study(study)
        dataset = self.vault.dataset(asked.dataset)
        return plan_runs(asked, dataset, project=self.place.project, given=given, only=notebook)

    def run(
        self, plan: "RunPlan", *, again: bool = False, timeout_seconds: int | None = None
    ) -> "list[RunResult]":
        """Execute the runs of a plan that have not finished, and publish their pages.

        See ``runs.run_plan``.
        """
        from workbench.reports import page_of, publish  # late: jinja
        from workbench.runs import run_plan

        return run_plan(
            plan,
            vault=self.vault,
            folder=self.runs,
            clock=self.clock,
            page=page_of,
            publish=lambda finished: publish(finished, site=self.place.site),
            again=again,
            timeout_seconds=timeout_seconds,
        )

    def build_site(self) -> "Site":
        """Make the catalogue of reports, and pages that are missing."""
        from workbench.reports import build_site  # late: polars and the page's parts

        runs = self.place.reports / "runs"
        return build_site(runs, site=self.place.site, vault=self.vault_at_hand)
