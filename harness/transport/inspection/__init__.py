"""What an image file shows of its making: a signed manifest (C2PA), and weak signs.

Inspector          sends files to a process of its own and never raises
inspector_worker   the process: no network, bounded memory and time
manifests          reads one file with c2pa-python, which is imported there only
told               what that says, as a `Manifest`
anchors            the user's trust list
"""
