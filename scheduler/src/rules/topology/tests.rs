use super::*;

fn group(namespace_id: i32, executor_id: i32, jobs: &[i32]) -> Group {
    Group { namespace_id, executor_id, instances: Vec::new(), jobs: jobs.to_vec(), folded: 0 }
}

fn place(layout: &Layout, node: Node) -> (f64, f64) {
    let found: Vec<&Place> = layout.places.iter().filter(|place| place.node == node).collect();
    assert_eq!(found.len(), 1, "{node:?} stands once");
    (found[0].column, found[0].row)
}

#[test]
fn a_chain_stands_in_one_row_and_a_second_child_in_the_next() {
    let layout = lay_out(&[group(1, 1, &[1, 2, 3, 4, 5])], &[(1, 2), (2, 3), (1, 4)]);
    let places = [1, 2, 3, 4, 5].map(|job| place(&layout, Node::Job(job)));
    assert_eq!(places, [(2.0, 0.0), (3.0, 0.0), (4.0, 0.0), (3.0, 1.0), (2.0, 2.0)]);
    assert_eq!(place(&layout, Node::Executor(1)), (1.0, 1.0), "amid its jobs");
    let starts = layout.edges.iter().filter(|edge| edge.starts).count();
    let has = layout.edges.iter().filter(|edge| edge.from == Node::Executor(1)).count();
    assert_eq!((starts, has), (3, 2), "the executor's lines lead to what nothing else starts");
}

#[test]
fn no_two_things_stand_in_the_same_place() {
    let links: Vec<(i32, i32)> = (1..60).flat_map(|job| [(job, job + 1), (job, job * 3 % 59 + 1)]).collect();
    let (one, two) = ((1..40).collect::<Vec<_>>(), (40..61).collect::<Vec<_>>());
    let groups = [
        Group { instances: (1..=20).collect(), folded: 7, ..group(1, 1, &one) },
        Group { instances: vec![21], ..group(1, 2, &two) },
        group(2, 3, &[]),
    ];
    let layout = lay_out(&groups, &links);
    let mut seen = HashSet::new();
    for Place { node, column, row } in &layout.places {
        assert!(seen.insert((column.to_bits(), row.to_bits())), "{node:?} stands upon another");
        assert!(*row < layout.rows);
    }
    let jobs = layout.places.iter().filter(|place| matches!(place.node, Node::Job(_))).count();
    assert_eq!(jobs, 60, "each job once, circles or not");
}

#[test]
fn a_link_to_another_executors_job_moves_it_to_the_right_in_its_own_group() {
    let layout = lay_out(&[group(1, 1, &[1]), group(2, 2, &[2])], &[(1, 2), (2, 99)]);
    assert_eq!(place(&layout, Node::Job(2)).0, 3.0);
    assert!(layout.edges.contains(&Edge { from: Node::Executor(2), to: Node::Job(2), starts: false }));
    assert!(!layout.edges.iter().any(|edge| edge.to == Node::Job(99)), "what is not shown has no line");
    assert_ne!(place(&layout, Node::Namespace(1)).1, place(&layout, Node::Namespace(2)).1);
}

#[test]
fn instances_stand_in_a_row_and_the_seventh_folds() {
    let count = |instances: i32| {
        let layout = lay_out(&[Group { instances: (0..instances).collect(), ..group(1, 1, &[]) }], &[]);
        let single = layout.places.iter().filter(|place| matches!(place.node, Node::Instance(_))).count();
        (single, layout.places.iter().any(|place| place.node == Node::MoreInstances(1)))
    };
    assert_eq!((count(0), count(6), count(7)), ((0, false), (6, false), (5, true)));
}

#[test]
fn the_important_jobs_are_shown_and_the_rest_folds() {
    let jobs =
        vec![(Rank::Other, 1), (Rank::Linked, 2), (Rank::Wrong, 3), (Rank::UnderWay, 4), (Rank::Wrong, 5)];
    assert_eq!(shown(jobs, 3), [3, 5, 4]);
    assert_eq!((room(0), room(6), room(10), room(1000)), (50, 50, 30, 3));
}
