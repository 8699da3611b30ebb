"""Names of methods and of cells in plain language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces.specs import CENTRED
from saliencynoise.registry.loader import BUILTIN

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.study import MethodRecord, StudyRecord

NAMES = {
    "gradient": "input gradients",
    "gradient_x_input": "gradient times input",
    "integrated_gradients": "integrated gradients",
    "smoothgrad": "SmoothGrad",
    "guided_backprop": "guided backpropagation",
    "gradcam": "Grad-CAM",
    "gradcam_plus_plus": "Grad-CAM++",
    "guided_gradcam": "guided Grad-CAM",
    "layercam": "LayerCAM",
    "eigencam": "EigenCAM",
    "scorecam": "Score-CAM",
    "ablation_cam": "Ablation-CAM",
    "expected_gradients": "expected gradients",
    "deeplift": "DeepLIFT",
    "deep_shap": "DeepSHAP",
    "kernel_shap": "KernelSHAP",
    "lime": "LIME",
    "rise": "RISE",
    "occlusion": "occlusion",
}
LAYERS = {"top": " of the top layer", "intermediate": " of the intermediate layer"}


def method_words(method: MethodRecord) -> str:
    """Return a method's name in plain language; unknown names stay as they are.

    >>> from types import SimpleNamespace as Method
    >>> cam = Method(plugin="builtin", short_name="gradcam", given={"layer": "top"}, label="gradcam(layer=top)")
    >>> method_words(cam)
    'Grad-CAM of the top layer'
    """
    if method.plugin != BUILTIN or method.short_name not in NAMES:
        return method.label
    if list(method.given) == ["layer"] and method.given["layer"] in LAYERS:
        return NAMES[method.short_name] + LAYERS[str(method.given["layer"])]
    parameters = method.label.removeprefix(method.short_name)
    return f"{NAMES[method.short_name]} {parameters}".rstrip()


class CellNames:
    """The names of a study's cells in sentences: the method, and the architecture if there are several."""

    def __init__(self, result: StudyRecord) -> None:
        self.several = len({cell.architecture for cell in result.cells}) > 1
        self._methods = {method.label: method_words(method) for method in result.methods}

    def method(self, cell: Cell) -> str:
        """Return the name of a cell's method."""
        return self._methods.get(cell.method, cell.method)

    def subject(self, cell: Cell) -> str:
        """Return the name of a cell."""
        centred = " (each map minus its own mean)" if cell.view == CENTRED else ""
        return self.method(cell) + centred + (f" on {cell.architecture}" if self.several else "")
