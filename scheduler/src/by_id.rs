//! Maps for what there is a lot of. Ids are numbers that this program gave: nobody can choose them so that they
//! collide, which the usual hashing guards against and costs several times as much for.

use rustc_hash::FxBuildHasher;
use std::collections::HashMap;

pub type ById<K, V> = HashMap<K, V, FxBuildHasher>;
