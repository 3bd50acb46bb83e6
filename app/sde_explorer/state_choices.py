"""What the fields of the state may be that have a fixed list of options.

The options are the words that people see: Streamlit writes what it shows into the link.
"""

from typing import Literal

Center = Literal["removed", "kept"]
Show = Literal["both", "image", "text"]
Spectra = Literal["by modality", "joint", "cross"]
Overlay = Literal["chance", "bootstrap", "picked", "none"]
Section = Literal["Is it noise?", "Energy and cone", "Rules", "Batches", "Metrics", "Files"]
CurriculumPart = Literal["Over training", "Guarantees", "Strong band", "Transform"]
TrainingPart = Literal["Does it find more?", "Bands and rank", "Spectrum", "Take it home"]
DataPart = Literal["What is open", "What is odd", "Opened lately"]
SharePart = Literal["Link", "Figures", "Numbers", "Transform", "Open a spec"]
Unit = Literal["rank", "share"]
Scale = Literal["linear", "log"]
Schedule = Literal["cosine", "linear", "step", "constant"]
StrongMode = Literal["amplify", "noise", "adversarial"]
Transform = Literal["none", "enhanced", "pruned"]
Basis = Literal["image", "text", "joint", "cross"]
Look = Literal["Directions", "Pair energies", "Map"]
Side = Literal["image", "text"]
PairKind = Literal["all", "image-signal", "text-signal", "picked"]
MapKind = Literal["PCA", "UMAP"]
MapOf = Literal["both", "image", "text"]
MapPoints = Literal["20,000", "100,000"]
Changed = Literal["image", "text"]
SearchBy = Literal["text", "picture", "pair"]
Find = Literal["pictures", "captions"]
RecallMetric = Literal["R@1", "R@5", "R@10", "MRR", "median rank"]
Way = Literal["text → image", "image → text"]
Gallery = Literal["primary", "all"]
RecallLook = Literal["All numbers", "Query by query", "Other thresholds"]
CompareLook = Literal[
    "In numbers", "How alike", "Same directions", "Whose company changed", "Pictures and captions"
]
