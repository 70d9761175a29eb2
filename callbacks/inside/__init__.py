"""Access to the internals of Keras and TensorFlow. No other code uses their private names.

- ``backend``: what differs between TensorFlow and JAX.
- ``layers``: layers flattened, masks, nodes, logits, recorded calls.
- ``training``: the first epoch of a ``fit``, the loss of a step, seeds.
- ``optimizer_base``, ``optimizer_values``, ``model_optimizers``: internals of optimizers, and which ones train a model.
- ``running_step``, ``callback_list``, ``fit_end``: public methods of Keras, wrapped by ``wrapping``, that tell what is
  running and when it ends.
- ``step_hooks``: functions inside the compiled step.
- ``state``, ``reachable``, ``random_state``: the state of a training.
- ``weights``, ``logs``: the role of a weight; logs with arrays.

The tests of this folder show what breaks with another version of Keras or TensorFlow.
"""
