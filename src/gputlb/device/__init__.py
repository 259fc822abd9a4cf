"""The virtual GPU's side: engines, TLBs, invalidation units, forcewake, power, faults."""
