"""Tests are found by path: the tests of `sde_core/a/b.py` stand in `tests/sde_core/a/test_b.py`.

A module whose work shows only through others is named here, with the file that holds it.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = {
    "sde_core/checks/drawn.py": "sde_core/report/test_card.py",
    "sde_core/classify/linear_probe.py": "sde_core/classify/test_classification.py",
    "sde_core/cli/app.py": "app/serving/test_rules.py",
    "sde_core/cli/check.py": "sde_core/report/inspection/test_check.py",
    "sde_core/cli/encode.py": "sde_core/cli/test_cli.py",
    "sde_core/cli/evaluate.py": "sde_core/cli/test_cli.py",
    "sde_core/cli/finetune_options.py": "sde_core/cli/test_finetune.py",
    "sde_core/cli/finetune_report.py": "sde_core/cli/test_finetune.py",
    "sde_core/cli/knows_readout.py": "sde_core/cli/test_knows.py",
    "sde_core/cli/knows_rule.py": "sde_core/cli/test_knows.py",
    "sde_core/cli/main.py": "sde_core/cli/test_cli.py",
    "sde_core/cli/method_options.py": "sde_core/cli/test_cli.py",
    "sde_core/cli/options.py": "sde_core/cli/test_cli.py",
    "sde_core/cli/output.py": "sde_core/cli/test_cli.py",
    "sde_core/cli/retrieval.py": "sde_core/cli/test_cli.py",
    "sde_core/cli/sources.py": "sde_core/cli/test_cli.py",
    "sde_core/cli/spectrum.py": "sde_core/cli/test_cli.py",
    "sde_core/embedding_formats/arrow.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/assemble.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/base.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/detect.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/faiss_file.py": "sde_core/embedding_formats/test_faiss.py",
    "sde_core/embedding_formats/folders.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/gather.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/metadata.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/named.py": "sde_core/embedding_formats/test_named_files.py",
    "sde_core/embedding_formats/npy.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/npz.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/opening.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/parquet.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/pictures.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/quantised.py": "sde_core/embedding_formats/test_quantised_parquet.py",
    "sde_core/embedding_formats/roles.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/safetensors_file.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/sources.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/embedding_formats/tables.py": "sde_core/embedding_formats/test_formats.py",
    "sde_core/encoders/bare_files.py": "sde_core/encoders/test_load.py",
    "sde_core/encoders/beside.py": "sde_core/encoders/test_load.py",
    "sde_core/encoders/build.py": "sde_core/encoders/test_load.py",
    "sde_core/encoders/checkpoint.py": "sde_core/encoders/test_checkpoints.py",
    "sde_core/encoders/encoder.py": "sde_core/encoders/test_load.py",
    "sde_core/encoders/folders.py": "sde_core/encoders/test_load.py",
    "sde_core/encoders/hub_files.py": "sde_core/encoders/test_load.py",
    "sde_core/encoders/opened.py": "sde_core/encoders/test_load.py",
    "sde_core/encoders/resolve.py": "sde_core/encoders/test_load.py",
    "sde_core/encoders/settings.py": "sde_core/encoders/test_checkpoints.py",
    "sde_core/encoders/shapes.py": "sde_core/encoders/test_checkpoints.py",
    "sde_core/encoders/tokenizer.py": "sde_core/encoders/test_load.py",
    "sde_core/encoders/transformers_model.py": "sde_core/encoders/test_transformers.py",
    "sde_core/encoders/twins.py": "sde_core/encoders/test_checkpoints.py",
    "sde_core/encoding/blocks.py": "sde_core/encoding/test_resume.py",
    "sde_core/encoding/collected.py": "sde_core/encoding/test_encoding.py",
    "sde_core/encoding/decode_process.py": "sde_core/encoding/test_encoding.py",
    "sde_core/encoding/decode_worker.py": "sde_core/encoding/test_encoding.py",
    "sde_core/encoding/encode.py": "sde_core/encoding/test_encoding.py",
    "sde_core/encoding/pictures.py": "sde_core/encoding/test_encoding.py",
    "sde_core/encoding/progress.py": "sde_core/encoding/test_encoding.py",
    "sde_core/errors.py": "sde_core/test_package.py",
    "sde_core/files/bundled.py": "sde_core/test_bundled.py",
    "sde_core/files/cache.py": "app/data/test_page.py",
    "sde_core/files/hub.py": "sde_core/encoders/test_load.py",
    "sde_core/files/row_buffer.py": "sde_core/encoding/test_encoding.py",
    "sde_core/files/tensor_file.py": "sde_core/spectra/test_accumulator.py",
    "sde_core/files/text_file.py": "sde_core/report/test_content.py",
    "sde_core/files/whole_folder.py": "sde_core/sets/test_embeddings.py",
    "sde_core/knowledge/accumulate.py": "sde_core/knowledge/test_bands.py",
    "sde_core/knowledge/caption_columns.py": "sde_core/knowledge/test_set_columns.py",
    "sde_core/knowledge/columns.py": "sde_core/knowledge/test_bands.py",
    "sde_core/knowledge/explained.py": "sde_core/knowledge/test_bands.py",
    "sde_core/knowledge/image_statistics.py": "sde_core/knowledge/test_set_columns.py",
    "sde_core/knowledge/permutation.py": "sde_core/knowledge/test_bands.py",
    "sde_core/knowledge/probe.py": "sde_core/knowledge/test_readout.py",
    "sde_core/knowledge/readout_result.py": "sde_core/knowledge/test_readout.py",
    "sde_core/knowledge/result.py": "sde_core/knowledge/test_bands.py",
    "sde_core/knowledge/sampled_rows.py": "sde_core/knowledge/test_readout.py",
    "sde_core/knowledge/twin_labels.py": "sde_core/knowledge/test_readout.py",
    "sde_core/losses/blocks.py": "sde_core/losses/test_blockwise.py",
    "sde_core/losses/clip_loss.py": "sde_core/losses/test_base_loss.py",
    "sde_core/losses/count_check.py": "sde_core/losses/test_progress.py",
    "sde_core/losses/scores.py": "sde_core/losses/test_blockwise.py",
    "sde_core/losses/trainer_clock.py": "sde_core/losses/test_progress.py",
    "sde_core/losses/trainers/accelerate.py": "clients/test_accelerate.py",
    "sde_core/losses/trainers/lightning.py": "clients/test_lightning.py",
    "sde_core/losses/trainers/transformers.py": "clients/test_transformers.py",
    "sde_core/mmeb/evaluate.py": "sde_core/mmeb/test_mmeb.py",
    "sde_core/mmeb/report.py": "sde_core/mmeb/test_mmeb.py",
    "sde_core/mmeb/sides.py": "sde_core/mmeb/test_mmeb.py",
    "sde_core/pairs/arrow_columns.py": "sde_core/pairs/test_parquet.py",
    "sde_core/pairs/arrow_keys.py": "sde_core/pairs/test_parquet.py",
    "sde_core/pairs/arrow_pairs.py": "sde_core/pairs/test_parquet.py",
    "sde_core/pairs/arrow_part.py": "sde_core/pairs/test_parquet.py",
    "sde_core/pairs/base.py": "sde_core/pairs/test_every_format.py",
    "sde_core/pairs/columns.py": "sde_core/pairs/test_parquet.py",
    "sde_core/pairs/hub_dataset.py": "sde_core/pairs/test_huggingface.py",
    "sde_core/pairs/img2dataset.py": "sde_core/pairs/test_webdataset.py",
    "sde_core/pairs/index.py": "sde_core/pairs/test_webdataset.py",
    "sde_core/pairs/limits.py": "sde_core/pairs/test_fields.py",
    "sde_core/pairs/member_names.py": "sde_core/pairs/test_webdataset.py",
    "sde_core/pairs/mmeb_rows.py": "sde_core/pairs/test_mmeb.py",
    "sde_core/pairs/mmeb_tasks.py": "sde_core/pairs/test_mmeb.py",
    "sde_core/pairs/open_shards.py": "sde_core/pairs/test_webdataset.py",
    "sde_core/pairs/picture_root.py": "sde_core/pairs/test_image_root.py",
    "sde_core/pairs/rows.py": "sde_core/pairs/test_parquet.py",
    "sde_core/pairs/source.py": "sde_core/pairs/test_registry.py",
    "sde_core/pairs/tab_separated.py": "sde_core/pairs/test_delimited.py",
    "sde_core/pairs/tar_index.py": "sde_core/pairs/test_webdataset.py",
    "sde_core/pairs/zip_archive.py": "sde_core/pairs/test_zip.py",
    "sde_core/pairs/zip_tree.py": "sde_core/pairs/test_zip.py",
    "sde_core/report/changes.py": "sde_core/report/test_content.py",
    "sde_core/report/figures.py": "sde_core/report/test_page.py",
    "sde_core/report/gains.py": "sde_core/report/test_content.py",
    "sde_core/report/inspection/against.py": "sde_core/report/inspection/test_check.py",
    "sde_core/report/inspection/findings.py": "sde_core/report/inspection/test_check.py",
    "sde_core/report/inspection/odd.py": "sde_core/report/inspection/test_check.py",
    "sde_core/report/inspection/pairs_check.py": "sde_core/report/inspection/test_check.py",
    "sde_core/report/inspection/picture_hash.py": "sde_core/report/inspection/test_check.py",
    "sde_core/report/inspection/vectors_check.py": "sde_core/report/inspection/test_check.py",
    "sde_core/report/make.py": "sde_core/report/test_content.py",
    "sde_core/report/palette.py": "sde_core/report/test_page.py",
    "sde_core/report/sample.py": "sde_core/report/test_content.py",
    "sde_core/report/spaces.py": "sde_core/report/test_content.py",
    "sde_core/report/spec.py": "sde_core/report/test_content.py",
    "sde_core/report/svg.py": "sde_core/report/test_page.py",
    "sde_core/report/tables.py": "sde_core/report/test_content.py",
    "sde_core/report/words.py": "sde_core/report/test_content.py",
    "sde_core/retrieval/block_counts.py": "sde_core/retrieval/test_ranking.py",
    "sde_core/retrieval/medians.py": "sde_core/retrieval/test_bootstrap.py",
    "sde_core/retrieval/per_query.py": "sde_core/retrieval/test_ranking.py",
    "sde_core/retrieval/scores.py": "sde_core/retrieval/test_ranking.py",
    "sde_core/sets/absence.py": "sde_core/sets/test_embeddings.py",
    "sde_core/sets/columns.py": "sde_core/sets/test_strings.py",
    "sde_core/sets/concatenate.py": "sde_core/sets/test_embeddings.py",
    "sde_core/sets/fingerprint.py": "sde_core/sets/test_embeddings.py",
    "sde_core/sets/memory.py": "sde_core/cli/test_memory.py",
    "sde_core/sets/other_preparations.py": "sde_core/sets/test_embeddings.py",
    "sde_core/sets/provenance.py": "sde_core/sets/test_embeddings.py",
    "sde_core/sets/store.py": "sde_core/sets/test_embeddings.py",
    "sde_core/spectra/result.py": "sde_core/spectra/test_spectrum.py",
    "sde_core/spectra/row_blocks.py": "sde_core/spectra/test_mixed.py",
    "sde_core/training/adapter_fold.py": "sde_core/training/test_finetune.py",
    "sde_core/training/checkpoint.py": "sde_core/training/test_faults.py",
    "sde_core/training/config.py": "sde_core/training/test_finetune.py",
    "sde_core/training/encoder_subjects.py": "sde_core/training/test_encoders.py",
    "sde_core/training/events.py": "sde_core/training/test_finetune.py",
    "sde_core/training/gradients.py": "sde_core/training/test_finetune.py",
    "sde_core/training/heads_subject.py": "sde_core/training/test_finetune.py",
    "sde_core/training/inputs.py": "sde_core/training/test_finetune.py",
    "sde_core/training/lora.py": "sde_core/training/test_encoders.py",
    "sde_core/training/measure.py": "sde_core/training/test_finetune.py",
    "sde_core/training/model.py": "sde_core/training/test_finetune.py",
    "sde_core/training/monitoring/lightning.py": "clients/test_lightning.py",
    "sde_core/training/monitoring/look.py": "sde_core/training/monitoring/test_measurement.py",
    "sde_core/training/monitoring/sinks/mlflow.py": "clients/test_mlflow.py",
    "sde_core/training/monitoring/sinks/tensorboard.py": "clients/test_tensorboard.py",
    "sde_core/training/monitoring/sinks/wandb.py": "clients/test_wandb.py",
    "sde_core/training/monitoring/transformers.py": "clients/test_transformers.py",
    "sde_core/training/monitoring/window.py": "sde_core/training/monitoring/test_monitor.py",
    "sde_core/training/objective.py": "sde_core/training/test_finetune.py",
    "sde_core/training/optimizer.py": "sde_core/training/test_open_clip_resume.py",
    "sde_core/training/order.py": "sde_core/training/test_split.py",
    "sde_core/training/outcome.py": "sde_core/training/test_finetune.py",
    "sde_core/training/plan.py": "sde_core/training/test_open_clip_resume.py",
    "sde_core/training/prepare.py": "sde_core/training/test_open_clip_resume.py",
    "sde_core/training/projections.py": "sde_core/training/test_encoders.py",
    "sde_core/training/proof.py": "sde_core/training/test_open_clip_files.py",
    "sde_core/training/ranks.py": "sde_core/training/test_side_by_side.py",
    "sde_core/training/resume.py": "sde_core/training/test_open_clip_resume.py",
    "sde_core/training/run.py": "sde_core/training/test_finetune.py",
    "sde_core/training/series/encode.py": "sde_core/cli/test_series.py",
    "sde_core/training/series/record.py": "sde_core/cli/test_series.py",
    "sde_core/training/subject.py": "sde_core/training/test_finetune.py",
    "sde_core/training/towers.py": "sde_core/training/test_encoders.py",
    "sde_core/training/trainer.py": "sde_core/training/test_finetune.py",
    "sde_core/treatments/gains.py": "sde_core/shaping/test_transform.py",
    "sde_core/vocabulary.py": "app/retrieval/test_numbers.py",
}


def code_of(file: Path) -> bool:
    """Return whether a module defines a function or a class: one of words and numbers alone needs no test."""
    body = ast.parse(file.read_text("utf-8")).body
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in body)


MODULES = [
    file.relative_to(ROOT)
    for file in sorted((ROOT / "sde_core").rglob("*.py"))
    if not file.name.startswith("__") and code_of(file)
]


def own_test(module: Path) -> Path:
    """Return where the tests of a module stand."""
    return Path("tests", module.parent, f"test_{module.name}")


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_tests_of_its_own_path_or_says_which_hold_it(module):
    there = (ROOT / own_test(module)).exists()
    held_by = ELSEWHERE.get(str(module))
    assert there != (held_by is not None), own_test(module)
    assert held_by is None or (ROOT / "tests" / held_by).exists()


def test_what_is_held_elsewhere_is_a_module():
    assert set(ELSEWHERE) <= set(map(str, MODULES))
