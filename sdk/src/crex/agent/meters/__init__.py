"""What a host really measures, one module per source; hooks choose those that apply to what they deliver.

    source.py        counters that wrap, begin anew or are several, as one count that only grows
    cpu.py           processor time of a control group
    wall.py          time by the clock since a process began
    memory.py        memory held, level × time: of a control group, or of processes
    rapl.py          energy of processors and their memory (powercap)
    nvml.py          energy of NVIDIA GPUs
    network.py       bytes through interfaces

Every source reads a tree that holds /proc and /sys: that of the host, or one that was written for a test. A
source that is not there, or cannot be read, gives nothing and says why; it never guesses.
"""
