"""The published reports of each study, counted in the vault before a kernel starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock

from workbench.foundation.errors import InputError, PrivacyError
from workbench.privacy.variants import Variant, Variants
from workbench.studies import Study
from workbench.vault import Vault

_KIND = "variants"


class TooManyVariantsError(PrivacyError):
    """A notebook has been published too often about nearly the same persons."""


@dataclass(slots=True)
class Reservation:
    """A run that counts as published, until ``release`` is called for a run that shows nothing."""

    is_released: bool = False

    def release(self) -> None:
        """Stop counting the run."""
        self.is_released = True


@contextmanager
def reserve(variant: Variant, *, study: Study, vault: Vault) -> Iterator[Reservation]:
    """Count a run as published, unless its reservation is released.

    The run is counted before its kernel starts, so that of two runs at the same time each counts
    the other. A run that fails or is interrupted is not counted any longer. A run whose process is
    killed stays counted, which is the safe side; the same run is never counted twice, so it can be
    started again.

    Raises
    ------
    TooManyVariantsError
        ``max_variants`` reports of the study about nearly the same persons exist.
    """
    reservation = Reservation()
    with _variants_of(study, vault) as held:
        is_new = variant not in held[0]
        if is_new:
            _require_few(held[0], variant, study)
            held[0] = held[0].add(variant)
    try:
        yield reservation
    except BaseException:
        reservation.release()
        raise
    finally:
        if is_new and reservation.is_released:
            with _variants_of(study, vault) as held:
                held[0] = held[0].remove(variant)


def _require_few(held: Variants, variant: Variant, study: Study) -> None:
    most = study.policy.max_variants
    if (
        study.policy.release == "exact"
        or held.count_near(variant, min_group=study.min_group) < most
    ):
        return
    raise TooManyVariantsError(
        f"notebook {variant.notebook} of study {study.name} has been published {most} times about "
        f"nearly the same persons (fewer than {study.min_group} differ), as often as its policy "
        "allows (max_variants): readers could take the noise out by comparing the pages. Run it "
        "when more persons have changed, or with the parameters of a page that exists"
    )


@contextmanager
def _variants_of(study: Study, vault: Vault) -> Iterator[list[Variants]]:
    """Lock the published reports of a study; what the list contains at the end is stored."""
    name = f"{study.name} on {study.dataset}"
    folder = vault.workspace / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / f"{_KIND}-{study.name}.lock"):
            stored = vault.open_kept(_KIND, name) if vault.has_kept(_KIND, name) else None
            before = Variants() if stored is None else Variants.of_bytes(stored)
            held = [before]
            yield held
            if held[0] is not before:
                vault.keep(_KIND, name, held[0].to_bytes())
    except OSError as error:
        raise InputError(f"cannot write in {vault.workspace}: {error.strerror}") from error
