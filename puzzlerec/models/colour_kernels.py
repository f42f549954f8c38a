"""A layer of the colours network for a CPU, compiled: two passes over the grids, and the gradient of each.

Done one operation after the other a layer goes through memory some sixty times, and that, not its sums, is what it
takes its time for. Here whole grids are read and written once or twice; what lies between are `CHUNK` cells at a time,
which stay in the nearest cache. The same layer is a few lines of formulas in `colours`, which run everywhere else; a
test holds the two together.

Vectors are float32 ``[B, K, H, W, D]`` (see `colours`), zero where a cell is padding. Loops over a width are innermost,
and widths are known when they are compiled, so that they become vector instructions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from .blocks import RMS_EPS

CHUNK = 64  # cells
Kernel = Callable[..., None]
FAST: dict[str, Any] = {"fastmath": {"contract", "reassoc", "nsz", "arcp", "nnan", "ninf"}, "error_model": "numpy"}
compiled = njit(cache=True, nogil=True, **FAST)
inlined = njit(forceinline=True, **FAST)  # by LLVM; Numba, which could too, would take twice as long


class Kernels(NamedTuple):
    """Compiled for vectors of one width, and one width within the SwiGLU."""

    listen: Kernel
    listen_back: Kernel
    spread: Kernel
    spread_back: Kernel
    update: Kernel
    update_back: Kernel


@cache
def kernels(D: int, inner: int) -> Kernels:  # noqa: N803
    """The passes over vectors of width ``D``."""
    inverse, eps = np.float32(1 / D), np.float32(RMS_EPS)
    zero, one = np.float32(0), np.float32(1)

    @compiled
    def listen(h, taps, counterparts, near, rows, columns, cells):  # type: ignore[no-untyped-def]
        """Of the last three, zeros before, the first half becomes sums, the second maxima."""
        B, K, H, W, _ = h.shape
        flat = h.reshape(B, K, H * W, D)
        for b in range(B):
            for k in range(K):
                for y in range(H):
                    for x in range(W):
                        c = y * W + x
                        for d in range(D):
                            value = h[b, k, y, x, d]
                            rows[b, k, y, d] += value
                            rows[b, k, y, D + d] = max(rows[b, k, y, D + d], value)
                            columns[b, k, x, d] += value
                            columns[b, k, x, D + d] = max(columns[b, k, x, D + d], value)
                            cells[b, c, d] += value
                            cells[b, c, D + d] = max(cells[b, c, D + d], value)
                        if 0 < y < H - 1 and 0 < x < W - 1:
                            for d in range(D):
                                near[b, k, y, x, d] = (
                                    taps[0, d] * h[b, k, y - 1, x - 1, d]
                                    + taps[1, d] * h[b, k, y - 1, x, d]
                                    + taps[2, d] * h[b, k, y - 1, x + 1, d]
                                    + taps[3, d] * h[b, k, y, x - 1, d]
                                    + taps[4, d] * h[b, k, y, x, d]
                                    + taps[5, d] * h[b, k, y, x + 1, d]
                                    + taps[6, d] * h[b, k, y + 1, x - 1, d]
                                    + taps[7, d] * h[b, k, y + 1, x, d]
                                    + taps[8, d] * h[b, k, y + 1, x + 1, d]
                                )
                        else:
                            for d in range(D):
                                near[b, k, y, x, d] = 0
                            for row in range(max(y - 1, 0), min(y + 2, H)):
                                for column in range(max(x - 1, 0), min(x + 2, W)):
                                    tap = 3 * (row - y + 1) + column - x + 1
                                    for d in range(D):
                                        near[b, k, y, x, d] += taps[tap, d] * h[b, k, row, column, d]
                        for i in range(counterparts.shape[1]):
                            there = counterparts[b, i, c]
                            if there < H * W:
                                for d in range(D):
                                    near[b, k, y, x, d] += taps[9 + i, d] * flat[b, k, there, d]

    @compiled
    def listen_back(h, taps, counterparts, d_near, heard, d_heard, counts, d_h, d_taps):  # type: ignore[no-untyped-def]
        """The gradient of a maximum is shared by all that reach it; a maximum of zero is nobody's."""
        B, K, H, W, _ = h.shape
        flat, d_flat = h.reshape(B, K, H * W, D), d_h.reshape(B, K, H * W, D)
        rows, columns, cells = heard
        d_rows, d_columns, d_cells = d_heard
        in_rows, in_columns, in_cells = counts
        for b in range(B):
            for k in range(K):
                for y in range(H):
                    for x in range(W):
                        c = y * W + x
                        for d in range(D):
                            value = h[b, k, y, x, d]
                            in_rows[b, k, y, d] += value == rows[b, k, y, D + d]
                            in_columns[b, k, x, d] += value == columns[b, k, x, D + d]
                            in_cells[b, c, d] += value == cells[b, c, D + d]
        for b in range(B):
            for k in range(K):
                for y in range(H):
                    for x in range(W):
                        c = y * W + x
                        for d in range(D):
                            value = h[b, k, y, x, d]
                            total = d_h[b, k, y, x, d] + d_rows[b, k, y, d] + d_columns[b, k, x, d] + d_cells[b, c, d]
                            row = d_rows[b, k, y, D + d] / in_rows[b, k, y, d]
                            column = d_columns[b, k, x, D + d] / in_columns[b, k, x, d]
                            cell = d_cells[b, c, D + d] / in_cells[b, c, d]
                            total += row if value == rows[b, k, y, D + d] and value > 0 else zero
                            total += column if value == columns[b, k, x, D + d] and value > 0 else zero
                            total += cell if value == cells[b, c, D + d] and value > 0 else zero
                            d_h[b, k, y, x, d] = total
                        if 0 < y < H - 1 and 0 < x < W - 1:
                            for d in range(D):
                                d_h[b, k, y, x, d] += (
                                    taps[8, d] * d_near[b, k, y - 1, x - 1, d]
                                    + taps[7, d] * d_near[b, k, y - 1, x, d]
                                    + taps[6, d] * d_near[b, k, y - 1, x + 1, d]
                                    + taps[5, d] * d_near[b, k, y, x - 1, d]
                                    + taps[4, d] * d_near[b, k, y, x, d]
                                    + taps[3, d] * d_near[b, k, y, x + 1, d]
                                    + taps[2, d] * d_near[b, k, y + 1, x - 1, d]
                                    + taps[1, d] * d_near[b, k, y + 1, x, d]
                                    + taps[0, d] * d_near[b, k, y + 1, x + 1, d]
                                )
                            for d in range(D):
                                value = h[b, k, y, x, d]
                                d_taps[8, d] += value * d_near[b, k, y - 1, x - 1, d]
                                d_taps[7, d] += value * d_near[b, k, y - 1, x, d]
                                d_taps[6, d] += value * d_near[b, k, y - 1, x + 1, d]
                                d_taps[5, d] += value * d_near[b, k, y, x - 1, d]
                                d_taps[4, d] += value * d_near[b, k, y, x, d]
                                d_taps[3, d] += value * d_near[b, k, y, x + 1, d]
                                d_taps[2, d] += value * d_near[b, k, y + 1, x - 1, d]
                                d_taps[1, d] += value * d_near[b, k, y + 1, x, d]
                                d_taps[0, d] += value * d_near[b, k, y + 1, x + 1, d]
                        else:
                            for row in range(max(y - 1, 0), min(y + 2, H)):
                                for column in range(max(x - 1, 0), min(x + 2, W)):
                                    tap = 3 * (y - row + 1) + x - column + 1
                                    for d in range(D):
                                        slope = d_near[b, k, row, column, d]
                                        d_h[b, k, y, x, d] += taps[tap, d] * slope
                                        d_taps[tap, d] += h[b, k, y, x, d] * slope
                        for i in range(counterparts.shape[1]):
                            there = counterparts[b, i, c]
                            if there < H * W:
                                for d in range(D):
                                    slope = d_near[b, k, y, x, d]
                                    d_flat[b, k, there, d] += taps[9 + i, d] * slope
                                    d_taps[9 + i, d] += flat[b, k, there, d] * slope

    @compiled
    def spread(rows, columns, cells, grids, all, counts, weights, row, column, cell):  # type: ignore[no-untyped-def]
        """Sums become means, and means and maxima what is heard of them: what grids say is told their rows."""
        B, K, H, _ = rows.shape
        in_rows, in_columns, in_grids = counts
        to_row, to_column, to_grid, to_cell, to_all = weights
        of_grid, of_all = np.empty((K, D), np.float32), np.empty((1, D), np.float32)
        for b in range(B):
            for k in range(K):
                for y in range(H):
                    for d in range(D):
                        grids[b, k, d] += rows[b, k, y, d] / in_grids[b]
                        grids[b, k, D + d] = max(grids[b, k, D + d], rows[b, k, y, D + d])
                        rows[b, k, y, d] /= in_rows[b, y]
                for x in range(columns.shape[2]):
                    for d in range(D):
                        columns[b, k, x, d] /= in_columns[b, x]
                for d in range(D):
                    all[b, 0, d] += grids[b, k, d] / K
                    all[b, 0, D + d] = max(all[b, 0, D + d], grids[b, k, D + d])
                product(rows[b, k], to_row, row[b, k], 2 * D, D)
                product(columns[b, k], to_column, column[b, k], 2 * D, D)
            for c in range(cells.shape[1]):
                for d in range(D):
                    cells[b, c, d] /= K
            product(cells[b], to_cell, cell[b], 2 * D, D)
            product(grids[b], to_grid, of_grid, 2 * D, D)
            product(all[b], to_all, of_all, 2 * D, D)
            for k in range(K):
                for y in range(H):
                    for d in range(D):
                        row[b, k, y, d] += of_grid[k, d] + of_all[0, d]

    @compiled
    def spread_back(d_row, d_column, d_cell, heard, counts, weights, d_rows, d_columns, d_cells, d_weights):  # type: ignore[no-untyped-def]
        B, K, H, _ = d_row.shape
        rows, columns, cells, grids, all = heard
        in_rows, in_columns, in_grids = counts
        from_row, from_column, from_grid, from_cell, from_all = weights
        of_row, of_column, of_grid, of_cell, of_all = d_weights
        d_grid, d_all = np.empty((K, D), np.float32), np.empty((1, D), np.float32)
        d_grids, d_of_all = np.empty((K, 2 * D), np.float32), np.empty((1, 2 * D), np.float32)
        for b in range(B):
            d_grid[:] = 0
            d_all[:] = 0
            for k in range(K):
                for y in range(H):
                    for d in range(D):
                        d_grid[k, d] += d_row[b, k, y, d]
                        d_all[0, d] += d_row[b, k, y, d]
                product(d_row[b, k], from_row, d_rows[b, k], D, 2 * D)
                product(d_column[b, k], from_column, d_columns[b, k], D, 2 * D)
                outer(d_row[b, k], rows[b, k], of_row, D, 2 * D)
                outer(d_column[b, k], columns[b, k], of_column, D, 2 * D)
            product(d_cell[b], from_cell, d_cells[b], D, 2 * D)
            product(d_grid, from_grid, d_grids, D, 2 * D)
            product(d_all, from_all, d_of_all, D, 2 * D)
            outer(d_cell[b], cells[b], of_cell, D, 2 * D)
            outer(d_grid, grids[b], of_grid, D, 2 * D)
            outer(d_all, all[b], of_all, D, 2 * D)
            for d in range(D):
                top, reached = all[b, 0, D + d], 0
                for k in range(K):
                    reached += grids[b, k, D + d] == top
                for k in range(K):
                    d_grids[k, d] += d_of_all[0, d] / K
                    if grids[b, k, D + d] == top:
                        d_grids[k, D + d] += d_of_all[0, D + d] / reached
                for k in range(K):
                    top, reached = grids[b, k, D + d], 0
                    for y in range(H):
                        reached += rows[b, k, y, D + d] == top
                    for y in range(H):
                        d_rows[b, k, y, d] = d_rows[b, k, y, d] / in_rows[b, y] + d_grids[k, d] / in_grids[b]
                        if rows[b, k, y, D + d] == top:
                            d_rows[b, k, y, D + d] += d_grids[k, D + d] / reached
            for k in range(K):
                for x in range(columns.shape[2]):
                    for d in range(D):
                        d_columns[b, k, x, d] /= in_columns[b, x]
            for c in range(cells.shape[1]):
                for d in range(D):
                    d_cells[b, c, d] /= K

    @compiled
    def update(h, near, row, column, cell, real, weights, dropout, middle, out, scales):  # type: ignore[no-untyped-def]
        B, K, H, W, _ = h.shape
        to_local, to_up, to_down = weights
        seed, limit, gain = dropout
        scale, out_scale = scales
        heard, gates = np.empty((CHUNK, D), np.float32), np.empty((CHUNK, 2 * inner), np.float32)
        gated = np.empty((CHUNK, inner), np.float32)
        place = np.uint32(seed)
        for b in range(B):
            for k in range(K):
                for start in range(0, H * W, CHUNK):
                    count = min(CHUNK, H * W - start)
                    product(near[b, k, start : start + count], to_local, heard, D, D)
                    for n in range(count):
                        c = start + n
                        y, x = c // W, c % W
                        square = zero
                        for d in range(D):
                            said = heard[n, d] + row[b, k, y, d] + column[b, k, x, d] + cell[b, c, d]
                            kept = gain if _hash(place + np.uint32(d)) >= limit else zero
                            value = h[b, k, y, x, d] + kept * said
                            middle[b, k, c, d] = value
                            square += value * value
                        place += np.uint32(D)
                        factor = real[b, c] / np.float32(math.sqrt(square * inverse + eps))
                        scale[b, k, c] = factor
                        for d in range(D):
                            middle[b, k, c, d] *= factor
                    product(middle[b, k, start : start + count], to_up, gates, D, 2 * inner)
                    for n in range(count):
                        for i in range(inner):
                            gated[n, i] = gates[n, i] * _sigmoid(gates[n, i]) * gates[n, inner + i]
                    product(gated[:count], to_down, heard, inner, D)
                    for n in range(count):
                        c = start + n
                        square = zero
                        for d in range(D):
                            value = middle[b, k, c, d] + heard[n, d]
                            out[b, k, c, d] = value
                            square += value * value
                        factor = real[b, c] / np.float32(math.sqrt(square * inverse + eps))
                        out_scale[b, k, c] = factor
                        for d in range(D):
                            out[b, k, c, d] *= factor

    @compiled
    def update_back(slope, near, middle, out, scales, weights, dropout, d_near, d_h, d_sums, d_weights):  # type: ignore[no-untyped-def]
        """``d_sums`` and ``d_weights`` are of zeros before. What is not worth keeping is computed again."""
        B, K, H, W, _ = slope.shape
        from_local, to_up, from_up, from_down = weights
        seed, limit, gain = dropout
        scale, out_scale = scales
        d_row, d_column, d_cell = d_sums
        d_local, d_up, d_down = d_weights
        last, more = np.empty((CHUNK, D), np.float32), np.empty((CHUNK, D), np.float32)
        gates, d_gates = np.empty((CHUNK, 2 * inner), np.float32), np.empty((CHUNK, 2 * inner), np.float32)
        gated, d_gated = np.empty((CHUNK, inner), np.float32), np.empty((CHUNK, inner), np.float32)
        place = np.uint32(seed)
        for b in range(B):
            for k in range(K):
                for start in range(0, H * W, CHUNK):
                    count = min(CHUNK, H * W - start)
                    for n in range(count):
                        c = start + n
                        y, x = c // W, c % W
                        along = zero
                        for d in range(D):
                            along += slope[b, k, y, x, d] * out[b, k, c, d]
                        along *= inverse
                        factor = out_scale[b, k, c]
                        for d in range(D):
                            last[n, d] = factor * (slope[b, k, y, x, d] - along * out[b, k, c, d])
                    chunk = middle[b, k, start : start + count]
                    product(chunk, to_up, gates, D, 2 * inner)
                    product(last[:count], from_down, d_gated, D, inner)
                    for n in range(count):
                        for i in range(inner):
                            gate, value, part = gates[n, i], gates[n, inner + i], d_gated[n, i]
                            sigmoid = _sigmoid(gate)
                            silu = gate * sigmoid
                            gated[n, i] = silu * value
                            d_gates[n, i] = part * value * (sigmoid + silu * (one - sigmoid))
                            d_gates[n, inner + i] = part * silu
                    outer(last[:count], gated, d_down, D, inner)
                    outer(chunk, d_gates, d_up, D, 2 * inner)
                    product(d_gates[:count], from_up, more, 2 * inner, D)
                    for n in range(count):
                        c = start + n
                        y, x = c // W, c % W
                        along = zero
                        for d in range(D):
                            value = last[n, d] + more[n, d]
                            more[n, d] = value
                            along += value * chunk[n, d]
                        along *= inverse
                        factor = scale[b, k, c]
                        for d in range(D):
                            value = factor * (more[n, d] - along * chunk[n, d])
                            kept = gain if _hash(place + np.uint32(d)) >= limit else zero
                            d_h[b, k, y, x, d] = value
                            value *= kept
                            more[n, d] = value
                            d_row[b, k, y, d] += value
                            d_column[b, k, x, d] += value
                            d_cell[b, c, d] += value
                        place += np.uint32(D)
                    outer(more[:count], near[b, k, start : start + count], d_local, D, D)
                    product(more[:count], from_local, d_near[b, k, start : start + count], D, D)

    return Kernels(listen, listen_back, spread, spread_back, update, update_back)


@inlined
def product(x, w, out, K, J):  # type: ignore[no-untyped-def]  # noqa: N803
    """``out [N, J] = x [N, K] w [K, J]``, K a multiple of four.

    Memory is addressed flat: of rows at known distances the compiler knows that they do not overlap, and the checks for
    that would cost as much as sums as short as these.
    """
    N = len(x)
    whole = N - N % 4
    x, w, out = x.reshape(-1), w.reshape(-1), out.reshape(-1)
    for n in range(0, whole, 4):
        o, i = n * J, n * K
        for j in range(4 * J):
            out[o + j] = 0
        for k in range(i, i + K, 4):
            a0, a1, a2, a3 = x[k], x[k + 1], x[k + 2], x[k + 3]
            b0, b1, b2, b3 = x[k + K], x[k + K + 1], x[k + K + 2], x[k + K + 3]
            c0, c1, c2, c3 = x[k + 2 * K], x[k + 2 * K + 1], x[k + 2 * K + 2], x[k + 2 * K + 3]
            d0, d1, d2, d3 = x[k + 3 * K], x[k + 3 * K + 1], x[k + 3 * K + 2], x[k + 3 * K + 3]
            m = (k - i) * J
            for j in range(J):
                w0, w1, w2, w3 = w[m + j], w[m + J + j], w[m + 2 * J + j], w[m + 3 * J + j]
                out[o + j] += a0 * w0 + a1 * w1 + a2 * w2 + a3 * w3
                out[o + J + j] += b0 * w0 + b1 * w1 + b2 * w2 + b3 * w3
                out[o + 2 * J + j] += c0 * w0 + c1 * w1 + c2 * w2 + c3 * w3
                out[o + 3 * J + j] += d0 * w0 + d1 * w1 + d2 * w2 + d3 * w3
    for n in range(whole, N):
        for j in range(J):
            out[n * J + j] = 0
        for k in range(K):
            a = x[n * K + k]
            for j in range(J):
                out[n * J + j] += a * w[k * J + j]


@inlined
def outer(x, y, out, K, J):  # type: ignore[no-untyped-def]  # noqa: N803
    """``out [K, J] += x [N, K]^T y [N, J]``, K a multiple of four; addressed as in `product`."""
    N = len(x)
    whole = N - N % 4
    x, y, out = x.reshape(-1), y.reshape(-1), out.reshape(-1)
    for k in range(0, K, 4):
        o = k * J
        for n in range(0, whole, 4):
            i, m = n * K + k, n * J
            a0, a1, a2, a3 = x[i], x[i + 1], x[i + 2], x[i + 3]
            b0, b1, b2, b3 = x[i + K], x[i + K + 1], x[i + K + 2], x[i + K + 3]
            c0, c1, c2, c3 = x[i + 2 * K], x[i + 2 * K + 1], x[i + 2 * K + 2], x[i + 2 * K + 3]
            d0, d1, d2, d3 = x[i + 3 * K], x[i + 3 * K + 1], x[i + 3 * K + 2], x[i + 3 * K + 3]
            for j in range(J):
                a, b, c, d = y[m + j], y[m + J + j], y[m + 2 * J + j], y[m + 3 * J + j]
                out[o + j] += a0 * a + b0 * b + c0 * c + d0 * d
                out[o + J + j] += a1 * a + b1 * b + c1 * c + d1 * d
                out[o + 2 * J + j] += a2 * a + b2 * b + c2 * c + d2 * d
                out[o + 3 * J + j] += a3 * a + b3 * b + c3 * c + d3 * d
        for n in range(whole, N):
            for r in range(4):
                a = x[n * K + k + r]
                for j in range(J):
                    out[o + r * J + j] += a * y[n * J + j]


@inlined
def _hash(n):  # type: ignore[no-untyped-def]
    """A well-spread 32-bit hash."""
    n = (n ^ (n >> np.uint32(16))) * np.uint32(0x7FEB352D)
    n = (n ^ (n >> np.uint32(15))) * np.uint32(0x846CA68B)
    return n ^ (n >> np.uint32(16))


@inlined
def _sigmoid(x):  # type: ignore[no-untyped-def]
    """Within 1e-5: exp(-x) is a polynomial of -x/32, squared five times, for that becomes vector instructions."""
    t = min(max(-x, np.float32(-40)), np.float32(40)) * np.float32(1 / 32)
    e = np.float32(1 / 720)
    for factor in (1 / 120, 1 / 24, 1 / 6, 1 / 2, 1.0, 1.0):
        e = e * t + np.float32(factor)
    e = e * e
    e = e * e
    e = e * e
    e = e * e
    e = e * e
    return np.float32(1) / (np.float32(1) + e)


class Layer(Function):
    """A layer: ``h`` and what is ``real [B, H, W]`` to the next h.

    ``counterparts [B, P, L]`` are cells, L where there is none; ``counts`` how many cells of each row, column and grid
    are real, at least 1. Weights are the convolution's ``[D, 1, 3, 3]``, the counterparts' ``[D, 1, P]``, then matrices
    ``[outputs, inputs]``: of what is heard nearby, of rows, columns, grids, cells and everything, and the two of the
    SwiGLU.
    """

    @staticmethod
    def forward(
        ctx: Any,
        h: Tensor,
        real: Tensor,
        counterparts: Tensor,
        counts: tuple[Tensor, ...],
        dropout: float,
        *weights: Tensor,
    ) -> Tensor:
        B, K, H, W, D = h.shape
        L = H * W
        convolution, others, local, *hearing, up, down = weights
        run = ctx.kernels = kernels(D, down.shape[1])
        seed = int(torch.randint(2**32, ())) if dropout else 0
        ctx.dropout = np.uint32(seed), np.uint32(dropout * 2**32), np.float32(1 / (1 - dropout))
        ctx.counts = _arrays(counts)
        lines = ((B, K, H), (B, K, W), (B, L))
        heard = [h.new_zeros(*shape, 2 * D) for shape in (*lines, (B, K), (B, 1))]
        said = _arrays(h.new_empty(*shape, D) for shape in lines)
        taps = torch.cat((convolution.flatten(1), others.flatten(1)), 1).t().contiguous()
        near, middle, out = h.new_empty(B, K, L, D), h.new_empty(B, K, L, D), torch.empty_like(h)
        scales = h.new_empty(2, B, K, L)
        run.listen(*_arrays((h, taps, counterparts, near.view_as(h), *heard[:3])))
        run.spread(*_arrays(heard), ctx.counts, _arrays(matrix.t() for matrix in hearing), *said)
        into = _arrays(matrix.t() for matrix in (local, up, down))
        grids = _arrays((middle, out.view_as(near)))
        run.update(*_arrays((h, near)), *said, *_arrays((real.flatten(1),)), into, ctx.dropout, *grids, _arrays(scales))
        ctx.save_for_backward(h, taps, counterparts, near, middle, out, scales, *heard, *weights)
        return out

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        h, taps, counterparts, near, middle, out, scales, *rest = ctx.saved_tensors
        heard, (convolution, others, local, *hearing, up, down) = rest[:5], rest[5:]
        run: Kernels = ctx.kernels
        D = h.shape[-1]
        d_near, d_h, d_taps = torch.empty_like(near), torch.empty_like(h), torch.zeros_like(taps)
        d_local, d_down, *d_hearing = (torch.zeros_like(weight) for weight in (local, down, *hearing))
        d_up = up.new_zeros(up.shape[1], up.shape[0])
        d_said = _arrays(h.new_zeros(*part.shape[:-1], D) for part in heard[:3])
        d_heard = _arrays(torch.empty_like(part) for part in heard[:3])
        run.update_back(
            *_arrays((slope, near, middle, out.view_as(near))),
            *(_arrays(scales), _arrays((local, up.t(), up, down)), ctx.dropout),
            *(*_arrays((d_near, d_h)), d_said, _arrays((d_local, d_up, d_down))),
        )
        run.spread_back(*d_said, _arrays(heard), ctx.counts, _arrays(hearing), *d_heard, _arrays(d_hearing))
        counts = tuple(np.zeros_like(part) for part in d_said)
        run.listen_back(
            *_arrays((h, taps, counterparts, d_near.view_as(h))),
            *(_arrays(heard[:3]), d_heard, counts, *_arrays((d_h, d_taps))),
        )
        d_convolution, d_others = d_taps[:9].t().reshape(convolution.shape), d_taps[9:].t().reshape(others.shape)
        return d_h, None, None, None, None, d_convolution, d_others, d_local, *d_hearing, d_up.t(), d_down


def _arrays(tensors: Iterable[Tensor]) -> tuple[np.ndarray, ...]:
    """The memory of the tensors, or of a copy where that does not lie in order."""
    return tuple(tensor.detach().contiguous().numpy() for tensor in tensors)
