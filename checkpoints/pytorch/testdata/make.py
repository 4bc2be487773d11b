"""Write the files of this folder: python make.py (torch 2). The tests know the numbers that they hold."""
import collections, torch

a = torch.arange(6, dtype=torch.float32).reshape(2, 3)
weights = {
    "a": a,
    "transposed": a.t(),
    "part": a[1],
    "column": a[:, 1],
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 3),
    "parameter": torch.nn.Parameter(torch.ones(2)),
    "bfloat16": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "float16": torch.tensor([0.5, 65504.0], dtype=torch.float16),
    "float64": torch.tensor([1e-3], dtype=torch.float64),
    "int64": torch.tensor([-3, 1 << 40]),
}
torch.save(weights, "zip.bin")
torch.save(weights, "protocol4.bin", pickle_protocol=4)
torch.save(weights, "legacy.bin", _use_new_zipfile_serialization=False)
module = torch.nn.Linear(3, 2)  # a state_dict, with _metadata
with torch.no_grad():
    module.weight.copy_(a), module.bias.copy_(a[0, :2])
torch.save(module.state_dict(), "module.bin")
torch.save(module, "whole.bin")
torch.save({"step": 3, "weights": a}, "more.bin")
torch.save({"wide": torch.ones(1).expand(1000, 1000)}, "wide.bin")
