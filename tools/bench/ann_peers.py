"""The peers of tools/bench/ann: faiss' IVF indexes, hnswlib and usearch, each with what it can be set to."""

import itertools
import time

import faiss
import hnswlib
import numpy as np
import usearch
from usearch.index import Index

K = 10
BUILD_THREADS = 2
# Probes of 4·√N lists, for any N: steps of about √2.
PROBES = (2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 90, 128, 181, 256, 362, 512, 724, 1024, 1448)
WIDTHS = (10, 14, 20, 28, 40, 57, 80, 113, 160, 226, 320, 453, 640, 905, 1280)
VERSIONS = {
    "faiss": faiss.__version__, "hnswlib": hnswlib.__version__
    if hasattr(hnswlib, "__version__") else "0.8.0", "usearch": usearch.__version__}


class FaissIVF:
    """An IVF index of faiss with 4·√N lists."""

    def __init__(self, name, factory, refine=(None,), bits=(None,)):
        self.name, self.factory = name, factory
        self.refine, self.bits = refine, bits
        self.parameters = f"{factory} probes {PROBES} k_factor {refine} qb {bits}"

    def build(self, vectors):
        faiss.omp_set_num_threads(BUILD_THREADS)
        lists = int(4 * len(vectors) ** 0.5)
        self.index = faiss.index_factory(
            vectors.shape[1], f"IVF{lists},{self.factory}", faiss.METRIC_INNER_PRODUCT)
        self.index.train(vectors)
        self.index.add(vectors)
        faiss.omp_set_num_threads(1)
        refined = isinstance(self.index, faiss.IndexRefine)
        self.lists = faiss.downcast_index(self.index.base_index) if refined else self.index

    def ladders(self):
        """Settings in rising order of probes, one ladder for each of the other settings."""
        for refine, bits in itertools.product(self.refine, self.bits):
            yield [
                {"probes": probes} | ({"k_factor": refine} if refine else {})
                | ({"qb": bits} if bits else {})
                for probes in PROBES if probes <= self.lists.nlist]

    def set(self, setting):
        self.lists.nprobe = setting["probes"]
        if "k_factor" in setting:
            self.index.k_factor = setting["k_factor"]
        if "qb" in setting:
            self.lists.qb = setting["qb"]

    def one(self, query):
        return self.index.search(query, K)[1]

    many = one

    def size(self):
        return len(faiss.serialize_index(self.index))


class HNSW:
    """hnswlib with M 16 and efConstruction 200."""

    name = "hnswlib M16"
    parameters = f"M 16 efConstruction 200 ef {WIDTHS}"

    def build(self, vectors):
        self.index = hnswlib.Index(space="ip", dim=vectors.shape[1])
        self.index.init_index(len(vectors), M=16, ef_construction=200, random_seed=1)
        self.index.add_items(vectors, num_threads=BUILD_THREADS)
        self.index.set_num_threads(1)

    def ladders(self):
        yield [{"ef": width} for width in WIDTHS]

    def set(self, setting):
        self.index.set_ef(setting["ef"])

    def many(self, queries):
        return self.index.knn_query(queries, k=K, num_threads=1)[0].astype(np.int64)

    one = many

    def size(self):
        return self.index.index_file_size()


class USearch:
    """usearch with its defaults (connectivity 16, expansion 128), which it calls a good balance."""

    def __init__(self, element):
        self.name = f"usearch {element}"
        self.element = element
        self.parameters = f"{element} expansion {WIDTHS}"

    def build(self, vectors):
        self.index = Index(ndim=vectors.shape[1], metric="ip", dtype=self.element)
        self.index.add(np.arange(len(vectors)), vectors, threads=BUILD_THREADS)

    def ladders(self):
        yield [{"expansion": width} for width in WIDTHS]

    def set(self, setting):
        self.index.expansion_search = setting["expansion"]

    def one(self, query):
        return self.index.search(query[0], K, threads=1).keys.astype(np.int64)[None]

    def many(self, queries):
        return self.index.search(queries, K, threads=1).keys.astype(np.int64)

    def size(self):
        return self.index.serialized_length


REFINE = (2, 4, 8, 16, 32)


def all_peers():
    return [
        FaissIVF("faiss IVF,Flat", "Flat"),
        FaissIVF("faiss IVF,SQ8", "SQ8"),
        FaissIVF("faiss IVF,SQfp16", "SQfp16"),
        FaissIVF("faiss IVF,PQ96x4fs,Refine(Flat)", "PQ96x4fs,RFlat", REFINE),
        FaissIVF("faiss IVF,PQ96x4fs,Refine(SQ8)", "PQ96x4fs,Refine(SQ8)", REFINE),
        FaissIVF("faiss IVF,RaBitQ,Refine(SQ8)", "RaBitQ,Refine(SQ8)", REFINE, (4, 8)),
        HNSW(), USearch("i8"), USearch("f16"), USearch("f32"),
    ]


def build_seconds(peer, vectors):
    start = time.perf_counter()
    peer.build(vectors)
    return time.perf_counter() - start
