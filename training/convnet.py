# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A small convolutional network in NumPy: forward, backward, Adam, and its ONNX graph.

Enough for a two-class picture classifier of some 60,000 weights; a framework of a gigabyte would
train it no better. Arrays are (picture, row, column, channel), float32. Initial weights by K. He
et al., "Delving Deep into Rectifiers", ICCV 2015, section 2.2; each convolution's output is
normalised over the batch by S. Ioffe and C. Szegedy, "Batch Normalization", ICML 2015, algorithm
1; steps by D. Kingma and J. Ba, "Adam", ICLR 2015, algorithm 1.
"""

import numpy as np

# Kernel size and channels of each convolution; all go in steps of 2, padded by half a kernel.
CONVOLUTIONS = ((5, 16), (3, 24), (3, 32), (3, 48))
HIDDEN = 32
# Rows at the top of a picture that show no floor of the lane.
TOP = 16
_LR, _BETA1, _BETA2, _EPSILON = 2e-3, 0.9, 0.999, 1e-8
_VARIANCE_MIN, _RENEWAL, _SPREAD_MIN = 1e-4, 0.05, 0.05


def _windows(x, size):
    """Return the windows of a convolution in steps of 2: (n, rows, columns, size * size * c)."""
    pad = size // 2
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    views = views[:, ::2, ::2].transpose(0, 1, 2, 4, 5, 3)
    return np.ascontiguousarray(views).reshape(*views.shape[:3], -1)


def _unwindow(gradient, size, shape):
    """Return the gradient of a convolution's input from that of its windows."""
    pad = size // 2
    count, rows, columns, channels = shape
    padded = np.zeros((count, rows + 2 * pad, columns + 2 * pad, channels), np.float32)
    out_rows, out_columns = gradient.shape[1:3]
    parts = gradient.reshape(count, out_rows, out_columns, size, size, channels)
    for row in range(size):
        for column in range(size):
            padded[:, row:row + 2 * out_rows:2, column:column + 2 * out_columns:2] += \
                parts[:, :, :, row, column]
    return padded[:, pad:pad + rows, pad:pad + columns]


class ConvNet:
    """Normalised convolutions with ReLU, a hidden layer, a logit: how sure of the second class."""

    def __init__(self, rows: int, columns: int, seed: int):
        """Draw the initial weights for RGB pictures of this size."""
        rng = np.random.default_rng(seed)
        self.rows, self.columns = rows, columns
        self.weights, self.means, self.variances = [], [], []
        rows, channels = rows - TOP, 3
        for size, wider in CONVOLUTIONS:
            self.weights += [_drawn(rng, size * size * channels, wider),
                             np.ones(wider, np.float32), np.zeros(wider, np.float32)]
            self.means.append(np.zeros(wider, np.float32))
            self.variances.append(np.ones(wider, np.float32))
            rows, columns, channels = (rows + 1) // 2, (columns + 1) // 2, wider
        self.last_shape = (rows, columns, channels)
        for inputs, outputs in ((rows * columns * channels, HIDDEN), (HIDDEN, 1)):
            self.weights += [_drawn(rng, inputs, outputs), np.zeros(outputs, np.float32)]
        self._moments = [(np.zeros_like(w), np.zeros_like(w)) for w in self.weights]
        self._steps = 0

    def count(self) -> int:
        """Return how many weights there are."""
        return sum(w.size for w in self.weights)

    def state(self) -> list:
        """Return a copy of all that was learnt."""
        return [[value.copy() for value in part]
                for part in (self.weights, self.means, self.variances)]

    def restore(self, state) -> None:
        """Go back to what `state` returned."""
        self.weights, self.means, self.variances = state

    def folded(self, index: int):
        """Return weights and biases of a convolution with its normalisation folded in."""
        w, scale, shift = self.weights[3 * index:3 * index + 3]
        scale = scale / np.sqrt(self.variances[index] + _VARIANCE_MIN)
        return w * scale, shift - self.means[index] * scale

    def _head(self, x):
        """Return logits and hidden values of the last convolution's output."""
        hidden = np.maximum(x.reshape(len(x), -1) @ self.weights[-4] + self.weights[-3], 0.0)
        return (hidden @ self.weights[-2] + self.weights[-1])[:, 0], hidden

    def logits(self, pictures, batch: int = 256) -> np.ndarray:
        """Return the logits of uint8 pictures."""
        parts = []
        for start in range(0, len(pictures), batch):
            x = prepared(pictures[start:start + batch])
            for index, (size, _) in enumerate(CONVOLUTIONS):
                w, bias = self.folded(index)
                x = np.maximum(_windows(x, size) @ w + bias, 0.0)
            parts.append(self._head(x)[0])
        return np.concatenate(parts)

    def _forward(self, x):
        """Return the last convolution's output while training, and what the way back needs."""
        kept = []
        for index, (size, _) in enumerate(CONVOLUTIONS):
            w, scale, shift = self.weights[3 * index:3 * index + 3]
            windows = _windows(x, size)
            z = windows @ w
            mean, variance = z.mean((0, 1, 2)), z.var((0, 1, 2))
            self.means[index] += _RENEWAL * (mean - self.means[index])
            self.variances[index] += _RENEWAL * (variance - self.variances[index])
            inverse = 1.0 / np.sqrt(variance + _VARIANCE_MIN)
            z = (z - mean) * inverse
            y = np.maximum(scale * z + shift, 0.0)
            kept.append((windows, x.shape, z, inverse, y))
            x = y
        return x, kept

    def step(self, pictures, truth, weight, rate: float) -> float:
        """Take one step of Adam on uint8 pictures; return the mean weighted cross-entropy."""
        x, kept = self._forward(prepared(pictures))
        logits, hidden = self._head(x)
        p = 1.0 / (1.0 + np.exp(-logits))
        loss = -np.mean(weight * np.where(truth, np.log(p + 1e-7), np.log(1.0 - p + 1e-7)))
        slope = (weight * (p - truth) / len(truth)).astype(np.float32)[:, None]
        gradients = [slope.sum(0), hidden.T @ slope]
        slope = (slope @ self.weights[-2].T) * (hidden > 0.0)
        gradients += [slope.sum(0), x.reshape(len(x), -1).T @ slope]
        slope = (slope @ self.weights[-4].T).reshape(x.shape)
        for index in range(len(CONVOLUTIONS) - 1, -1, -1):
            windows, shape, z, inverse, y = kept[index]
            w, scale, _ = self.weights[3 * index:3 * index + 3]
            slope = slope * (y > 0.0)
            shifts, scales = slope.sum((0, 1, 2)), (slope * z).sum((0, 1, 2))
            number = slope.size // slope.shape[-1]
            slope = (scale * inverse) * (slope - (shifts + z * scales) / number)
            flat = windows.reshape(-1, windows.shape[-1])
            gradients += [shifts, scales, flat.T @ slope.reshape(-1, slope.shape[-1])]
            if index:
                slope = _unwindow(slope @ w.T, CONVOLUTIONS[index][0], shape)
        self._adam(gradients[::-1], rate)
        return float(loss)

    def _adam(self, gradients, rate):
        """Move the weights."""
        self._steps += 1
        lasting = (1.0 - _BETA2 ** self._steps) ** 0.5 / (1.0 - _BETA1 ** self._steps)
        for w, g, (mean, square) in zip(self.weights, gradients, self._moments):
            mean += (1.0 - _BETA1) * (g - mean)
            square += (1.0 - _BETA2) * (g * g - square)
            w -= np.float32(_LR * rate * lasting) * mean / (np.sqrt(square) + _EPSILON)


def _drawn(rng, inputs, outputs):
    """Return initial weights of a layer."""
    return (np.sqrt(2.0 / inputs) * rng.standard_normal((inputs, outputs))).astype(np.float32)


def prepared(pictures) -> np.ndarray:
    """Return uint8 pictures as the network takes them: without the top, of mean 0, spread 1."""
    x = pictures[:, TOP:].astype(np.float32) * np.float32(1.0 / 255.0)
    x -= x.mean((1, 2, 3), keepdims=True)
    return x / (np.sqrt((x * x).mean((1, 2, 3), keepdims=True)) + np.float32(_SPREAD_MIN))


def to_onnx(net: ConvNet, metadata: dict):
    """
    Return the network as an ONNX model.

    Input `image`: uint8 (1, rows, columns, 3), RGB; what `prepared` does is part of the graph.
    Output `probabilities`: float32 (1, 2), of the first and the second class.
    """
    from onnx import checker, helper, numpy_helper, TensorProto
    nodes, constants = [], []

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    x = node('Slice', ['image', constant('top', np.array([TOP])),
                       constant('bottom', np.array([net.rows])),
                       constant('axis', np.array([1]))], 'x_lower')
    x = node('Cast', [x], 'x_float', to=TensorProto.FLOAT)
    x = node('Mul', [x, constant('scale', np.float32(1.0 / 255.0))], 'x_scaled')
    x = node('Sub', [x, node('ReduceMean', [x], 'x_mean', axes=[1, 2, 3])], 'x_centred')
    spread = node('ReduceMean', [node('Mul', [x, x], 'x_squares')], 'x_variance', axes=[1, 2, 3])
    spread = node('Add', [node('Sqrt', [spread], 'x_deviation'),
                          constant('least', np.float32(_SPREAD_MIN))], 'x_spread')
    x = node('Transpose', [node('Div', [x, spread], 'x_even')], 'x_planes', perm=[0, 3, 1, 2])
    channels = 3
    for index, (size, wider) in enumerate(CONVOLUTIONS):
        w, bias = net.folded(index)
        w = w.reshape(size, size, channels, wider).transpose(3, 2, 0, 1)
        x = node('Conv', [x, constant(f'w{index}', w), constant(f'b{index}', bias)], f'c{index}',
                 kernel_shape=[size, size], strides=[2, 2], pads=[size // 2] * 4)
        x = node('Relu', [x], f'r{index}')
        channels = wider
    w = net.weights[-4].reshape(*net.last_shape, -1).transpose(2, 0, 1, 3)
    x = node('Flatten', [x], 'flat')
    x = node('Gemm', [x, constant('wh', w.reshape(-1, w.shape[-1])),
                      constant('bh', net.weights[-3])], 'h')
    x = node('Relu', [x], 'rh')
    # Two logits, 0 and the network's own: their softmax is its sigmoid.
    two = np.concatenate([np.zeros_like(net.weights[-2]), net.weights[-2]], axis=1)
    x = node('Gemm', [x, constant('wo', two),
                      constant('bo', np.array([0.0, net.weights[-1][0]], np.float32))], 'logits')
    node('Softmax', [x], 'probabilities', axis=1)
    graph = helper.make_graph(
        nodes, metadata['name'],
        [helper.make_tensor_value_info('image', TensorProto.UINT8,
                                       [1, net.rows, net.columns, 3])],
        [helper.make_tensor_value_info('probabilities', TensorProto.FLOAT, [1, 2])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8,
                              producer_name='robot_swarm_orch/training')
    helper.set_model_props(model, metadata)
    checker.check_model(model, full_check=True)
    return model
