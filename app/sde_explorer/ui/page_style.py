"""What the theme cannot say: contrast of faded words and of figures, buttons in the dark, all views at 900 pixels."""

from sde_explorer.ui.figures.palette import TEXT

_FADED = f"light-dark({','.join(TEXT['noise'])})"
# Streamlit's own colour of ticks, titles and notes of a figure on a light page: 3.7 to 1.
_PALE = "rgb(128, 132, 149)"
# Pixels that a main picture takes with its sentence: its place is kept while it is on its way, and nothing below jumps.
_HEIGHTS = {
    "training": 617, "curriculum": 600, "share": 562, "data": 545,
    "overview": 402, "retrieval": 690, "compare": 507,
}  # fmt: skip
# Where a sentence stands in place of the picture, nothing is on its way.
_PLACES = "".join(
    f"html .st-key-picture_of_{view} .st-key-main_picture:not(:has([data-testid=stAlert])){{min-height:{height}px}}"
    for view, height in _HEIGHTS.items()
)
# The figure with thresholds is as high as the window lets it (ui/threshold_figure/style.css), and a panel has a head
# and a foot; the answered query has two rows of pictures.
_PLACES += """
html .st-key-picture_of_spectrum{container-type:inline-size}
html [class*=st-key-spectrum_figure]{min-height:calc(clamp(260px,100vh - 382px,820px) + 67px)}
@container (max-width:863px){html .st-key-spectrum_figure{min-height:calc(2*clamp(220px,50vh - 180px,420px) + 152px)}}
html .st-key-spectrum_note{min-height:2.5rem}
html .st-key-picture_of_subspaces .st-key-main_picture:not(:has([data-testid=stAlert])){
min-height:calc(clamp(240px,100vh - 408px,760px) + 112px)}
html .st-key-knowledge_chart{min-height:calc(clamp(240px,100vh - 408px,760px) + 58px)}
html .st-key-picture_of_overview{--known-height:330px}
html .st-key-overview_knows{min-height:388px}
html .st-key-overview_waits{position:absolute;inset:auto 0 0;width:100%;backdrop-filter:blur(3px)}
html .st-key-answered{min-height:381px;position:relative}
html .st-key-answer_waits{position:absolute;inset:auto 0 4rem;width:100%;backdrop-filter:blur(3px)}
html .st-key-answer{min-height:297px}
"""
# Boxes in the shape of what comes (ui/skeleton.py) lie in that place while the script runs and nothing else is there;
# until the line of controls above them is there, which would push them down, its room is kept.
_PLACES += """
html .st-key-main_picture{position:relative}
html .st-key-main_picture>:first-child{position:absolute;inset:0;width:100%;pointer-events:none}
html .st-key-main_picture>:first-child [data-testid=stHtml]{height:100%}
html .st-key-main_picture>:first-child [data-testid=stSkeleton]{visibility:hidden}
html [data-testid=stApp][data-test-script-state=running]
[data-testid=stMain]:not(:has(.st-key-own_controls [data-testid=stElementContainer]))
[data-testid=stLayoutWrapper]:has(>[class*=st-key-picture_of_]){margin-top:56px}
@media (max-width:1000px){html [data-testid=stApp][data-test-script-state=running]
[data-testid=stMain]:not(:has(.st-key-own_controls [data-testid=stElementContainer]))
[data-testid=stLayoutWrapper]:has(>.st-key-picture_of_spectrum){margin-top:112px}}
html .st-key-main_picture>:first-child:not(:only-child),html [data-stale=true] .sde-skeleton,
html [data-testid=stApp]:not([data-test-script-state=running]) .st-key-main_picture>:first-child{display:none}
html .st-key-picture_of_spectrum .st-key-main_picture:not(:has(>:nth-child(2))){
min-height:calc(clamp(260px,100vh - 382px,820px) + 67px)}
html [data-testid=stApp]:not([data-test-script-state=running]) .st-key-picture_of_spectrum .st-key-main_picture{
min-height:0}
html .st-key-compare_picture [class*=_chart] [data-testid=stSkeleton]{min-height:470px}
.sde-skeleton{display:grid;gap:1rem;height:100%;grid-auto-rows:minmax(0,1fr)}
.sde-skeleton i{border-radius:.5rem;background:linear-gradient(100deg,transparent 30%,rgb(128 128 128/.16) 50%,
transparent 70%) 0 0/300% 100%,rgb(128 128 128/.1);animation:sde-waits 1.8s linear infinite}
@keyframes sde-waits{from{background-position:120% 0,0 0}to{background-position:-60% 0,0 0}}
"""
# Pixels that a control takes in its line: what waits for it is as wide, so that the line breaks where it will break.
_WIDTHS = {
    "spectra_pick": 227, "overlay_pick": 229, "batch_pick": 150, "compare_rules": 109, "known_of_pick": 125,
    "search_pick": 186, "find_pick": 164, "basis_pick": 248, "direction_previous": 101, "direction_number": 130,
    "direction_next": 76, "direction_correlation": 153, "direction_gap": 128, "strong_mode_pick": 240,
    "schedule_pick": 279, "swap_sets": 82,
}  # fmt: skip
_WAITING = "".join(
    f"html .st-key-{key} [data-testid=stSkeleton]{{min-width:{width}px;width:{width}px}}"
    f"html [data-testid=stMain] .st-key-{key} [data-testid=stSkeleton]{{min-height:2.5rem}}"
    for key, width in _WIDTHS.items()
)
# The line of Spectrum's controls becomes two where it is narrow, and its last one comes when the bands are there.
_TWO_LINES = "html [data-testid=stLayoutWrapper]:has(~* .st-key-picture_of_spectrum) .st-key-own_controls"
# Compare's controls stand in one line also where it is narrow, Retrieval's down to 991 pixels.
_WAITING += """
@media (min-width:991px) and (max-width:1340px){html .st-key-own_controls [class*=st-key-query_text]{
width:auto!important;flex:1 1 120px!important;min-width:120px;max-width:230px}}
@media (max-width:1260px){html .st-key-other_pick{width:240px!important;flex-basis:240px!important;min-width:0}}
"""
_WAITING += f"""
{_TWO_LINES}{{align-content:flex-start}}
@media (max-width:990px){{{_TWO_LINES}{{min-height:6rem}}}}
@media (min-width:1100px) and (max-width:1255px){{{_TWO_LINES.replace("html", "html:not(.sde-folded)", 1)}{{
min-height:6rem}}}}
html [data-testid=stSidebar] :is(.st-key-center_pick,.st-key-transform_pick) [data-testid=stSkeleton]{{
min-height:3.75rem}}
html [data-testid=stSidebar] :is(.st-key-noise_number,.st-key-strong_number) [data-testid=stSkeleton]{{
min-height:2.5rem}}
"""
# Each rule begins with html, to win over Streamlit's own, which come later. From the start a block has its width, and
# what waits for a box is as high as one with its label and as wide as most: what is below would jump.
# Streamlit fades captions, and what is coloured or code in them once more: below 4.5 to 1.
PAGE_STYLE = f"""
html [data-testid=stCaptionContainer],html [data-testid=stCaptionContainer] :is(p,li){{color:{_FADED}}}
html [data-testid=stCaptionContainer],html [data-testid=stCaptionContainer] *{{opacity:1}}
html [data-testid=stCaptionContainer] code{{font-size:.88em;color:inherit}}
html [data-testid=stBaseButton-primary],html [data-testid=stBaseButton-primary] :is(p,kbd){{
color:light-dark(#fff,#0c1117)}}
html [data-testid=stBaseButton-primary] kbd{{background:none;opacity:1}}
html [data-testid=stMultiSelectTagsContainer] [data-tag] *{{color:light-dark(#fff,#0c1117)}}
.js-plotly-plot text[style*="{_PALE}"]{{fill:{TEXT["noise"][0]}!important}}
.js-plotly-plot .slider-container text{{fill:{_FADED}!important}}
html [data-testid=stMainBlockContainer]{{max-width:none}}
html [data-testid=stMain] [data-testid=stSkeleton]{{min-height:4.25rem}}
html [data-testid=stHorizontalBlock] [data-testid=stSkeleton]{{min-width:9rem}}
html [data-testid=stSidebar] [data-testid=stSkeleton]{{min-height:4.25rem}}
html [data-testid=stMain] .st-key-own_controls [data-testid=stSkeleton]{{min-height:2.5rem}}
html .st-key-reset_to_rule [data-testid=stSkeleton]{{min-height:2.5rem}}
html .st-key-figure_files [data-testid=stSkeleton]{{min-height:0}}
@media (max-width:1340px){{html .st-key-how_to_read_this button p{{position:absolute;width:1px;height:1px;
overflow:hidden;clip-path:inset(50%)}}}}
{_WAITING}
html [data-testid=stMain] .st-key-training_picture_replay [data-testid=stSkeleton]{{min-height:0}}
html [data-testid=stMain] .st-key-tour_header [data-testid=stSkeleton]{{min-height:0;min-width:0}}
html [data-testid=stMainBlockContainer]{{padding:3.9rem 1.6rem 2rem}}
html .st-key-finding h1{{font-size:clamp(1.05rem,1.62vw,1.45rem);line-height:1.25;padding:0;text-wrap:balance}}
html .st-key-finding{{min-height:1.9rem}}
html .st-key-own_controls{{min-height:2.5rem}}
@media (min-width:1100px){{html:not(.sde-folded) [data-testid=stAppViewContainer]:not(:has(>[data-testid=stSidebar])){{
padding-left:264px;box-sizing:border-box}}}}
{_PLACES}
@media (prefers-reduced-motion:reduce){{html *,html *::before,html *::after{{animation-duration:1ms!important;
animation-iteration-count:1!important;transition:none!important;scroll-behavior:auto!important}}}}
html [data-testid=stSidebarHeader]{{height:2.9rem;padding-bottom:0;margin-bottom:0}}
html [data-testid=stSidebarUserContent]{{padding-top:.4rem;padding-bottom:1rem}}
html [data-testid=stSidebar] [data-testid=stVerticalBlock]{{gap:.5rem}}
html [data-testid=stSidebarCollapseButton]{{display:inline!important;visibility:visible!important}}
@keyframes sde-opened{{}}
html [role=tablist] [role=tab][aria-selected=true]{{animation:sde-opened 1ms}}
html .st-key-jobs:not(:has(p)){{display:none}}
html .st-key-jobs{{position:sticky;bottom:0;z-index:2;background:var(--st-secondary-background-color,inherit)}}
html [data-testid=stSidebar] hr{{margin:.2em 0}}
html [data-testid=stSidebar] [data-testid=stButtonGroup] button{{padding-inline:.62rem}}
@media (max-width:1100px){{html [data-testid=stTopNavLink]>span:has([data-testid=stIconMaterial]){{display:none}}}}
"""
"""Served in the head of every page, by `sde_explorer.early_style`."""
