//! Whose prefixes are, on every backend.

use super::*;

pub(super) async fn owners_of_a_prefix_are_found(store: &impl Store) {
    let network = |text: &str| text.parse::<ipnetwork::IpNetwork>().expect("a prefix");
    for (number, prefix) in
        [(1, "2001:db8:0:100::/56"), (2, "2001:db8:0:200::/64"), (3, "203.0.113.5/32")]
    {
        let mut batch = event(&line(number), 0);
        let holder = Holder { passport: None, seq: None, ..holder(number) };
        batch.reserve(Reservation::Network(network(prefix)), holder);
        commit(store, vec![batch]).await;
    }
    let owners = async |text: &str| -> Vec<(String, String)> {
        let owners = store.owners(network(text)).await.expect("reads");
        let told = |(network, holder): (ipnetwork::IpNetwork, Holder)| {
            (network.to_string(), holder.customer.to_string()[10..].to_owned())
        };
        owners.into_iter().map(told).collect()
    };
    let first = ("2001:db8:0:100::/56".to_owned(), "001".to_owned());
    let second = ("2001:db8:0:200::/64".to_owned(), "002".to_owned());
    // Itself, inside it, around it, both at once, neighbours, the other family.
    assert_eq!(owners("2001:db8:0:100::/56").await, std::slice::from_ref(&first));
    assert_eq!(owners("2001:db8:0:1ff::/64").await, std::slice::from_ref(&first));
    assert_eq!(owners("2001:db8::/48").await, [first, second]);
    assert!(owners("2001:db8:0:300::/56").await.is_empty());
    assert!(owners("203.0.113.4/32").await.is_empty());
    assert_eq!(owners("203.0.113.0/24").await.len(), 1);
}

fn owning(number: u64, last: u64, prefix: &str) -> Batch {
    let mut batch = event(&line(number), last);
    let network = prefix.parse().expect("a prefix");
    batch.reserve(Reservation::Network(network), Holder { passport: None, ..holder(number) });
    batch
}

pub(super) async fn prefixes_never_overlap(store: &impl Store) {
    let first = owning(1, 0, "203.0.113.0/24");
    assert!(matches!(commit(store, vec![first]).await[0], Outcome::Committed { .. }));
    commit(store, vec![owning(2, 0, "2001:db8:0:100::/56")]).await;
    let overlapping = [
        "203.0.113.0/24",
        "203.0.113.5/32",
        "203.0.113.128/25",
        "203.0.112.0/23",
        "2001:db8:0:1ff::/64",
        "2001:db8::/32",
    ];
    for prefix in overlapping {
        let outcome = commit(store, vec![owning(3, 0, prefix)]).await;
        assert!(matches!(outcome[0], Outcome::Refused(Broken::Taken(_))), "{prefix}");
    }
    // Neighbours are free, and within a group the first takes it.
    let neighbours = vec![
        owning(4, 0, "203.0.114.0/24"),
        owning(5, 0, "203.0.112.0/24"),
        owning(6, 0, "2001:db8:0:200::/56"),
        owning(7, 0, "203.0.114.9/32"),
    ];
    let outcomes = commit(store, neighbours).await;
    assert!(outcomes[..3].iter().all(|outcome| matches!(outcome, Outcome::Committed { .. })));
    assert!(matches!(outcomes[3], Outcome::Refused(Broken::Taken(_))));
    // A line may widen its own prefix in one commit.
    let mut widening = owning(1, 1, "203.0.113.0/25");
    let old = "203.0.113.0/24".parse().expect("a prefix");
    widening.delete.push(Delete::Reservation(Reservation::Network(old)));
    assert!(matches!(commit(store, vec![widening]).await[0], Outcome::Committed { .. }));
}
