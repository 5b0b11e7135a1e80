"""What must never be read by others: secrets and people, taken out of logs, errors, events and messages (NFR-010, NFR-011).

`known` has the secrets of this process in every form they take, `text` takes them and whatever looks like a secret or a
person out of texts, `logs` does so with everything that is logged or ends a program.
"""
