"""Where tensors live: which device to compute on, and when pinned memory helps."""

import os

import torch


def pick_device() -> torch.device:
    """Return the ``torch.device`` to compute on: CUDA, another accelerator, or the CPU.

    The environment variable ``COURSE_DEVICE`` ("cpu", "cuda", "cuda:1", ...) overrides the choice.
    The course computes in float64; where an accelerator lacks it (Apple's MPS does), the CPU is
    returned and one printed line says why.

    Raises ValueError if ``COURSE_DEVICE`` names no device that PyTorch knows, or one that this
    machine lacks.
    """
    wanted = os.environ.get("COURSE_DEVICE", "").strip()
    if wanted:
        device = _device_named(wanted)
    elif torch.accelerator.is_available():
        device = torch.accelerator.current_accelerator()
    else:
        device = torch.device("cpu")
    try:
        _try_float64(device)
    except (TypeError, RuntimeError) as error:
        print(f"Using the CPU: {device} cannot hold float64 here ({str(error).splitlines()[0]})")
        return torch.device("cpu")
    return device


def _device_named(wanted):
    advice = "Set it to cpu, or unset it to let the course choose."
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise ValueError(
            f"COURSE_DEVICE={wanted!r} is not a device that PyTorch knows. {advice}"
        ) from None
    if device.type == "cpu":
        return device
    here = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    count = torch.accelerator.device_count()
    if here is None or here.type != device.type or (device.index or 0) >= count:
        found = f"{count} device(s) of type {here.type}" if here else "only a CPU"
        raise ValueError(f"COURSE_DEVICE={wanted!r}, but this machine has {found}. {advice}")
    return device


def _try_float64(device):
    """Compute one float64 sum; raises TypeError or RuntimeError where that is impossible."""
    torch.ones(2, dtype=torch.float64, device=device).sum()


def can_pin(*tensors):
    """Return True exactly when pinning these tensors' memory helps.

    Pinned (page-locked) memory lets an accelerator copy a batch while the CPU goes on. Only memory
    of the CPU can be pinned, and Apple's MPS shares its memory with the CPU, so there is nothing to
    gain; nor is there if ``COURSE_DEVICE`` chooses the CPU.
    """
    if os.environ.get("COURSE_DEVICE", "").strip().startswith("cpu"):
        return False
    here = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if here is None or here.type == "mps":
        return False
    return all(tensor.device.type == "cpu" for tensor in tensors)
